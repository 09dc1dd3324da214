//! Where things are kept: the checkout, its git-ignored `.local/`, the user's cache.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};

use crate::error::Error;

/// All folders of one stack.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The checkout.
    pub checkout: PathBuf,
    /// What every stack of this checkout shares: tools, stamps, secrets.
    pub local: PathBuf,
    /// What belongs to one running stack: state, logs, endpoints.
    pub data: PathBuf,
    /// Downloads and builds, shared between checkouts of this user.
    pub cache: PathBuf,
}

impl Folders {
    /// The folders of a checkout; `data` defaults to `.local`, or to a folder in it per port offset.
    pub fn new(checkout: &Path, data: Option<PathBuf>, port_offset: u16) -> Self {
        let local = checkout.join(".local");
        let data = data.unwrap_or_else(|| match port_offset {
            0 => local.clone(),
            offset => local.join(format!("offset-{offset}")),
        });
        let data = std::path::absolute(&data).unwrap_or(data);
        Self {
            checkout: checkout.to_owned(),
            cache: cache_folder(&local),
            local,
            data,
        }
    }

    /// Development keys and passwords.
    pub fn secrets(&self) -> PathBuf {
        self.local.join("secrets")
    }

    /// Unpacked tools (links into the cache).
    pub fn tools(&self) -> PathBuf {
        self.local.join("tools")
    }

    /// Logs of components, services and set-up.
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    /// State that is made anew at each start.
    pub fn state(&self) -> PathBuf {
        self.data.join("state")
    }

    /// Where everything is, for callers of a running stack.
    pub fn endpoints(&self) -> PathBuf {
        self.data.join("endpoints.json")
    }
}

/// Finds the checkout: `CONSENTRY_CHECKOUT`, else the nearest folder upwards that has
/// `infra/stack.toml`, else the one this program was compiled in.
pub fn find_checkout() -> PathBuf {
    let has_layout = |folder: &Path| folder.join("infra/stack.toml").is_file();
    if let Some(folder) = std::env::var_os("CONSENTRY_CHECKOUT") {
        return PathBuf::from(folder);
    }
    if let Ok(here) = std::env::current_dir()
        && let Some(found) = here.ancestors().find(|folder| has_layout(folder))
    {
        return found.to_owned();
    }
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    compiled.canonicalize().unwrap_or(compiled)
}

/// `CONSENTRY_CACHE`, else the user's cache folder, else a folder of the checkout.
fn cache_folder(local: &Path) -> PathBuf {
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let candidates = [
        from("CONSENTRY_CACHE"),
        from("XDG_CACHE_HOME").map(|folder| folder.join("consentry")),
        from("HOME").map(|folder| folder.join(".cache/consentry")),
    ];
    candidates
        .into_iter()
        .flatten()
        .find(|folder| fs::create_dir_all(folder).is_ok() && is_writable(folder))
        .unwrap_or_else(|| local.join("cache"))
}

fn is_writable(folder: &Path) -> bool {
    nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok()
}

/// Makes a folder that only this user may look into.
///
/// # Errors
/// When it cannot be made.
pub fn private_folder(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("folder {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// Writes a file that only this user may read; it appears complete or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("file {}", path.display()))
}

/// Removes a folder with all that is in it; that there is none is fine.
///
/// # Errors
/// When something cannot be removed.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Held while a stack runs from a data folder; let go when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] Flock<File>);

impl Lock {
    /// Takes the lock of a data folder.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] when another process has it.
    pub fn take(data: &Path) -> Result<Self, Error> {
        let file = open_lock(&data.join("running.lock"))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                let mut note = || -> std::io::Result<()> {
                    lock.set_len(0)?;
                    lock.rewind()?;
                    write!(lock, "{}", std::process::id())
                };
                note().context("the stack's lock file")?;
                Ok(Self(lock))
            }
            Err((mut file, _)) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Err(Error::AlreadyRunning {
                    pid: text.trim().parse().ok(),
                })
            }
        }
    }

    /// Waits for the lock of a set-up step, so that two set-ups do not build the same thing at once.
    ///
    /// # Errors
    /// When there can be no lock file.
    pub fn wait(path: &Path) -> Result<Self> {
        let file = open_lock(path)?;
        let lock = Flock::lock(file, FlockArg::LockExclusive)
            .map_err(|(_, error)| error)
            .with_context(|| format!("lock file {}", path.display()))?;
        Ok(Self(lock))
    }
}

fn open_lock(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .with_context(|| format!("lock file {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_carries_one_stack_and_names_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        match Lock::take(folder.path()) {
            Err(Error::AlreadyRunning { pid }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(first);
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn each_port_offset_has_a_data_folder_and_all_share_the_secrets() {
        let checkout = Path::new("/checkout");
        let (first, second) = (
            Folders::new(checkout, None, 0),
            Folders::new(checkout, None, 9000),
        );
        assert_ne!(first.data, second.data);
        assert_eq!(first.secrets(), second.secrets());
    }

    #[test]
    fn secret_files_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_private(&path, "one").unwrap();
        write_private(&path, "two").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    }
}
