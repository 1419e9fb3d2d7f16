//! [`atomic_write`]: a file is replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use plugcoin_sdk::{Error, ErrorKind};

/// Replaces a file durably: whatever happens, it is the old one or the new one.
///
/// * Two at once on one path are the caller's fault.
///
/// # Errors
/// [`ErrorKind::Io`] if it can't be written.
pub(crate) fn atomic_write(path: &Path, text: &str) -> Result<(), Error> {
    write(path, text).map_err(|error| {
        Error::new(ErrorKind::Io, "a file can't be written")
            .with("file", path.display())
            .because(error)
    })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_text_replaces_the_old_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.json");
        for text in ["a long first text", "short"] {
            atomic_write(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        let error = atomic_write(&dir.path().join("gone/file"), "").unwrap_err();
        assert!(error.to_string().contains("gone/file"), "{error}");
    }
}
