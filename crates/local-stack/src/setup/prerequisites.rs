//! What has to be installed on the machine before anything can start.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One thing the machine has to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prerequisite {
    /// The command looked for.
    pub command: String,
    /// Names and path patterns under which it may be found.
    pub places: Vec<String>,
    /// How to get it.
    pub install: String,
    /// Who needs it.
    pub needed_for: String,
    /// Whether there is another way without it.
    pub optional: bool,
}

impl fmt::Display for Prerequisite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "missing: {} – {} – needed for {}",
            self.command, self.install, self.needed_for
        )
    }
}

impl Prerequisite {
    /// Where it is, if anywhere.
    pub fn find(&self, path: &str) -> Option<PathBuf> {
        self.places
            .iter()
            .find_map(|place| find_program(place, path))
    }
}

/// Reads `infra/prerequisites.txt`.
///
/// # Errors
/// When it is missing or malformed.
pub fn load(checkout: &Path) -> Result<Vec<Prerequisite>> {
    let file = checkout.join("infra/prerequisites.txt");
    parse(&std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?)
}

/// Parses the table's text.
///
/// # Errors
/// When a line has not four columns.
pub fn parse(text: &str) -> Result<Vec<Prerequisite>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('|').map(str::trim).collect();
            let [places, install, needed_for, kind] = columns[..] else {
                anyhow::bail!("infra/prerequisites.txt: not four columns: {line}");
            };
            let places: Vec<String> = places
                .split(',')
                .map(|place| place.trim().to_owned())
                .collect();
            Ok(Prerequisite {
                command: places[0].clone(),
                places,
                install: install.to_owned(),
                needed_for: needed_for.to_owned(),
                optional: kind == "optional",
            })
        })
        .collect()
}

/// All that cannot be found with this `PATH`, optional ones among them.
pub fn missing(all: &[Prerequisite], path: &str) -> Vec<Prerequisite> {
    all.iter()
        .filter(|one| one.find(path).is_none())
        .cloned()
        .collect()
}

/// Finds a program: a bare name along `path`, or a path in which one folder may be `*`. Of several
/// matches the one with the highest number wins.
pub fn find_program(place: &str, path: &str) -> Option<PathBuf> {
    if !place.contains('/') {
        return path
            .split(':')
            .map(|folder| Path::new(folder).join(place))
            .find(|file| is_program(file));
    }
    let Some((before, after)) = place.split_once("/*/") else {
        let file = PathBuf::from(place);
        return is_program(&file).then_some(file);
    };
    let mut found: Vec<(u64, PathBuf)> = std::fs::read_dir(before)
        .ok()?
        .flatten()
        .map(|entry| {
            let number = entry.file_name().to_string_lossy().parse().unwrap_or(0);
            (number, entry.path().join(after))
        })
        .filter(|(_, file)| is_program(file))
        .collect();
    found.sort();
    found.pop().map(|(_, file)| file)
}

/// This process's `PATH`.
pub fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

fn is_program(file: &Path) -> bool {
    file.is_file() && nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(file: &Path) {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn every_missing_prerequisite_is_named_with_the_way_to_install_it() {
        let all = parse(include_str!("../../../../infra/prerequisites.txt")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        program(&folder.path().join("cc"));
        let only_cc = folder.path().to_str().unwrap();
        let lines: Vec<String> = missing(&all, only_cc)
            .iter()
            .map(ToString::to_string)
            .collect();
        let about = |command: &str| {
            lines
                .iter()
                .find(|line| line.starts_with(&format!("missing: {command} ")))
        };
        assert!(about("cmake").unwrap().contains("apt-get install cmake"));
        assert!(about("node").unwrap().contains("apt-get install nodejs"));
        assert_eq!(about("cc"), None, "it is there");
        assert!(
            missing(&all, only_cc)
                .iter()
                .any(|one| one.command == "java" && one.optional)
        );
        assert!(lines.iter().all(|line| !line.contains('\n')));
    }

    #[test]
    fn of_several_versions_the_newest_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "15", "17"] {
            program(&folder.path().join(version).join("bin/postgres"));
        }
        let pattern = format!("{}/*/bin/postgres", folder.path().display());
        assert_eq!(
            find_program(&pattern, "").unwrap(),
            folder.path().join("17/bin/postgres")
        );
        assert_eq!(find_program("postgres", ""), None);
    }

    #[test]
    fn a_file_that_cannot_be_run_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("node"), "").unwrap();
        assert_eq!(find_program("node", folder.path().to_str().unwrap()), None);
    }
}
