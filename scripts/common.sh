# Sourced by the commands in this folder: where things are, what must be there to compile.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Continuous integration starts from a clean checkout each time; a build folder outside of it keeps
# what has been compiled before.
if [[ -n ${CI:-} && -z ${CARGO_TARGET_DIR:-} ]]; then
  export CARGO_TARGET_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/consentry/target"
fi
TARGET="${CARGO_TARGET_DIR:-target}"

# Names every missing tool with the package that brings it, then ends with 2.
need_to_compile() {
  local missing=0 tool hint
  while read -r tool hint; do
    command -v "$tool" >/dev/null 2>&1 && continue
    echo "missing: $tool – install $hint" >&2
    missing=1
  done <<'TOOLS'
cargo Rust 1.95 or newer, see https://rustup.rs
cc a C compiler (Debian: apt-get install build-essential)
make make (Debian: apt-get install build-essential)
cmake cmake (Debian: apt-get install cmake)
TOOLS
  ((missing == 0)) || exit 2
}

# Compiles every binary once, for the whole workspace, so that features are unified the same way
# each time and nothing is compiled twice.
build() {
  cargo build --workspace --bins >&2
}
