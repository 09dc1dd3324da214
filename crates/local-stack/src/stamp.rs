//! What has been done already, so that a second set-up does nothing.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A note that a result was made from certain inputs.
#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    fingerprint: String,
}

impl Stamp {
    /// The stamp `name` in `folder`, for a result made from `inputs`.
    pub fn new(folder: &Path, name: &str, inputs: &[&[u8]]) -> Self {
        Self {
            file: folder.join(name),
            fingerprint: format!("{:016x}", fingerprint(&inputs)),
        }
    }

    /// Whether the result was made from these very inputs and is still there.
    pub fn holds(&self, result: &Path) -> bool {
        result.exists() && fs::read_to_string(&self.file).is_ok_and(|text| text == self.fingerprint)
    }

    /// Notes that the result has been made.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn set(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.file, &self.fingerprint)
            .with_context(|| format!("stamp {}", self.file.display()))
    }
}

/// A number that tells inputs apart. Not for security: nobody gains by a collision.
pub(crate) fn fingerprint(inputs: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    hasher.finish()
}

/// Something downloaded or built once per user and version, complete or absent.
#[derive(Debug)]
pub struct Cached {
    folder: PathBuf,
}

/// A folder in which something is being made. Gone when it is dropped without having been kept.
#[derive(Debug)]
pub struct Workshop(PathBuf);

impl std::ops::Deref for Workshop {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // After it was kept there is nothing left here.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const COMPLETE: &str = ".complete";

impl Cached {
    /// The entry `key` (a name with its version).
    pub fn new(cache: &Path, key: &str) -> Self {
        Self {
            folder: cache.join(key),
        }
    }

    /// Its folder, when it is complete.
    pub fn get(&self) -> Option<&Path> {
        self.folder
            .join(COMPLETE)
            .is_file()
            .then_some(self.folder.as_path())
    }

    /// Where to make it: next to its place, moved there by [`Self::keep`].
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn workshop(&self) -> Result<Workshop> {
        self.sweep();
        let folder =
            self.folder
                .with_file_name(format!("{}{}", self.partial(), std::process::id()));
        crate::folders::remove(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
        Ok(Workshop(folder))
    }

    /// Moves a finished workshop into place. Where somebody else was quicker, theirs stays: it may be in use.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn keep(&self, workshop: Workshop) -> Result<&Path> {
        if self.get().is_none() {
            fs::write(workshop.join(COMPLETE), "")?;
            crate::folders::remove(&self.folder)?;
            fs::rename(&workshop.0, &self.folder)
                .with_context(|| format!("folder {}", self.folder.display()))?;
        }
        Ok(&self.folder)
    }

    fn partial(&self) -> String {
        format!(
            "{}.partial-",
            self.folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
        )
    }

    /// Removes workshops whose makers were killed.
    fn sweep(&self) {
        let prefix = self.partial();
        let siblings = self
            .folder
            .parent()
            .into_iter()
            .flat_map(fs::read_dir)
            .flatten()
            .flatten();
        for sibling in siblings {
            let name = sibling.file_name().to_string_lossy().into_owned();
            let maker = name
                .strip_prefix(&prefix)
                .and_then(|pid| pid.parse::<u32>().ok());
            if maker.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                // What cannot be removed now is tried again next time.
                let _ = fs::remove_dir_all(sibling.path());
            }
        }
    }

    /// Forgets it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(&self) -> Result<()> {
        crate::folders::remove(&self.folder)
    }
}

/// Makes `link` point to `target`, replacing an earlier link.
///
/// # Errors
/// When something else is in the way.
pub fn link(target: &Path, link: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|current| current == target) {
        return Ok(());
    }
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::symlink_metadata(link).is_ok_and(|meta| meta.is_symlink()) {
        fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(target, link).with_context(|| format!("link {}", link.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_holds_while_inputs_and_result_stay() {
        let folder = tempfile::tempdir().unwrap();
        let result = folder.path().join("result");
        let stamp = Stamp::new(folder.path(), "npm", &[b"lock file"]);
        assert!(!stamp.holds(&result), "nothing was made yet");
        fs::write(&result, "").unwrap();
        assert!(!stamp.holds(&result), "nobody said so");
        stamp.set().unwrap();
        assert!(stamp.holds(&result));
        assert!(
            !Stamp::new(folder.path(), "npm", &[b"other lock file"]).holds(&result),
            "inputs changed"
        );
        fs::remove_file(&result).unwrap();
        assert!(!stamp.holds(&result), "result is gone");
    }

    #[test]
    fn a_half_made_cache_entry_is_not_used_and_a_finished_one_is_kept() {
        let cache = tempfile::tempdir().unwrap();
        let entry = Cached::new(cache.path(), "kafka-4.1.1");
        let workshop = entry.workshop().unwrap();
        fs::write(workshop.join("a.jar"), "half").unwrap();
        assert_eq!(entry.get(), None);
        let abandoned = workshop.to_owned();
        drop(workshop);
        assert!(!abandoned.exists(), "an abandoned workshop stays");

        let workshop = entry.workshop().unwrap();
        fs::write(workshop.join("a.jar"), "whole").unwrap();
        entry.keep(workshop).unwrap();
        let again = Cached::new(cache.path(), "kafka-4.1.1");
        assert_eq!(
            fs::read_to_string(again.get().unwrap().join("a.jar")).unwrap(),
            "whole"
        );
        assert_eq!(Cached::new(cache.path(), "kafka-4.2.0").get(), None);
    }

    #[test]
    fn of_two_makers_the_first_wins_and_a_killed_ones_rest_is_swept_away() {
        let cache = tempfile::tempdir().unwrap();
        let rest = cache.path().join("kafka-4.1.1.partial-4294967295");
        fs::create_dir(&rest).unwrap();
        let entry = Cached::new(cache.path(), "kafka-4.1.1");
        let first = entry.workshop().unwrap();
        assert!(!rest.exists());
        fs::write(first.join("a.jar"), "first").unwrap();
        entry.keep(first).unwrap();
        let second = entry.workshop().unwrap();
        fs::write(second.join("a.jar"), "second").unwrap();
        let kept = entry.keep(second).unwrap();
        assert_eq!(fs::read_to_string(kept.join("a.jar")).unwrap(), "first");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_follows_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("tools/kafka");
        link(Path::new("/one"), &place).unwrap();
        link(Path::new("/two"), &place).unwrap();
        assert_eq!(fs::read_link(&place).unwrap(), Path::new("/two"));
    }
}
