# Sourced by the commands in this folder: where things are, what must be there to compile.
# shellcheck shell=bash
set -euo pipefail
# Where the command was called: paths among its options are relative to that.
CALLED_FROM=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CONSENTRY_CHECKOUT=$PWD

# Continuous integration starts from a clean checkout each time; a build folder outside of it keeps
# what has been compiled before.
if [[ -n ${CI:-} && -z ${CARGO_TARGET_DIR:-} ]]; then
  export CARGO_TARGET_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/consentry/target"
  # Every checkout there is new: what helps the next small change only fills the disk.
  export CARGO_INCREMENTAL=0
fi
# SQL is compiled against the committed metadata, whatever database the environment names.
export SQLX_OFFLINE=true
TARGET="${CARGO_TARGET_DIR:-target}"
[[ $TARGET == /* ]] || TARGET="$PWD/$TARGET"
# What these commands have compiled need not be compiled again by those they call.
export CONSENTRY_BIN_DIR="$TARGET/debug"

# Names every tool that is needed to compile and is missing, with the package that brings it, then
# ends with 2. The list of all prerequisites is in infra/prerequisites.txt; local-stack checks the rest.
need_to_compile() {
  local missing=0 tool package purpose kind
  while IFS='|' read -r tool package purpose kind; do
    tool=${tool// /}
    [[ $tool != \#* && $purpose == *compiling* && $kind == *required* ]] || continue
    command -v "$tool" >/dev/null 2>&1 && continue
    echo "missing: $tool –${package% } – needed for${purpose% }" >&2
    missing=1
  done < infra/prerequisites.txt
  ((missing == 0)) || exit 2
}

# Compiles every binary once, for the whole workspace, so that features are unified the same way
# each time and nothing is compiled twice.
build() {
  cargo build --workspace --bins >&2
}

# Builds the portals unless what is built is newer than everything it is made from.
build_portals() {
  local built=frontends/admin-console/dist/index.html
  if [[ -f $built && -z $(find frontends sdk/js-sdk/src -type f -newer "$built" -not -path '*/node_modules/*' -not -path '*/dist/*' -print -quit) ]]; then
    return
  fi
  echo "… building the portals" >&2
  local said
  said=$(frontends/tools/pnpm install --frozen-lockfile 2>&1 && frontends/tools/pnpm build 2>&1) || {
    echo "$said" >&2
    echo "the portals were not built" >&2
    return 1
  }
}
