//! [`Broken`]: a journal in the hands of whoever mends it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::{Error, ErrorKind};

use crate::kept::first_free;
use crate::salvage::Salvage;
use crate::{lock, sync_folder};

/// A journal in the hands of whoever mends it: no node has it open meanwhile.
///
/// * Nothing is changed before [`replace`](Self::replace), and the damaged file is kept then.
pub struct Broken {
    path: PathBuf,
    file: File,
}

impl Broken {
    /// Takes a journal and locks it.
    ///
    /// # Errors
    /// * [`ErrorKind::InUse`] if a node has it open.
    /// * [`ErrorKind::Io`] if it can't be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file =
            File::open(path).map_err(|error| failed("the journal can't be read", path, error))?;
        lock(&file, path, "a node has this journal open; stop it first")?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Searches it as a whole; it has to fit into memory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it can't be read.
    pub fn search(&self) -> Result<Salvage, Error> {
        let mut bytes = Vec::new();
        { &self.file }
            .read_to_end(&mut bytes)
            .map_err(|error| failed("the journal can't be read", &self.path, error))?;
        Ok(Salvage::of(&bytes))
    }

    /// Puts a journal of these records in its place; where the damaged one is now comes back.
    ///
    /// * Whatever happens meanwhile, the journal's name is that of the old one or of the new one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the new one can't be written, or the old one not be kept.
    pub fn replace<'a>(self, records: impl Iterator<Item = &'a Record>) -> Result<PathBuf, Error> {
        let beside = self.path.with_extension("repaired");
        let wrong = |error| failed("the repaired journal can't be written", &beside, error);
        write(&beside, &self.file, records).map_err(wrong)?;
        let kept = self
            .keep(|path, kept| fs::hard_link(path, kept))
            .map_err(|error| failed("the damaged journal can't be kept", &self.path, error))?;
        fs::rename(&beside, &self.path)
            .and_then(|()| sync_folder(&self.path))
            .map_err(wrong)?;
        Ok(kept)
    }

    /// Gives the damaged file a second name, the first of its kind that is free.
    ///
    /// * Where the file system has no second names, it is copied.
    fn keep(&self, link: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<PathBuf> {
        let make = |kept: &Path| match link(&self.path, kept) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => self.copy(kept),
            made => made,
        };
        let (kept, ()) = first_free(&self.path, "damaged", make)?;
        sync_folder(&self.path)?;
        Ok(kept)
    }

    /// Copies the damaged file, durably; none is left if it fails.
    fn copy(&self, to: &Path) -> io::Result<()> {
        let mut copy = File::create_new(to)?;
        let copied = (|| {
            copy.set_permissions(self.file.metadata()?.permissions())?;
            let mut file = &self.file;
            file.rewind()?;
            io::copy(&mut file, &mut copy)?;
            copy.sync_all()
        })();
        if copied.is_err() {
            // What could be written of it would only take up room.
            let _ = fs::remove_file(to);
        }
        copied
    }
}

/// Writes a journal that belongs to whom the old one does.
fn write<'a>(path: &Path, old: &File, records: impl Iterator<Item = &'a Record>) -> io::Result<()> {
    let (file, old) = (File::create(path)?, old.metadata()?);
    file.set_permissions(old.permissions())?;
    fchown(&file, Some(old.uid()), Some(old.gid()))?;
    let mut out = BufWriter::new(file);
    out.write_all(b"[")?;
    for (n, record) in records.enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        out.write_all(record.text().as_bytes())?;
    }
    out.write_all(b"\n]\n")?;
    out.into_inner()?.sync_all()
}

fn failed(what: &'static str, path: &Path, cause: io::Error) -> Error {
    Error::new(ErrorKind::Io, what)
        .with("file", path.display())
        .because(cause)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn where_there_are_no_second_names_the_damaged_file_is_copied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("blocks-6000.json");
        fs::write(&path, "damaged").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let broken = Broken::open(&path).unwrap();
        broken.search().unwrap();
        let no_links = |_: &Path, kept: &Path| match kept.exists() {
            true => Err(io::ErrorKind::AlreadyExists.into()),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        };
        for n in 1..=2 {
            let kept = broken.keep(no_links).unwrap();
            assert_eq!(
                kept,
                dir.path().join(format!("blocks-6000.damaged-{n}.json"))
            );
            assert_eq!(fs::read_to_string(&kept).unwrap(), "damaged");
            let mode = fs::metadata(&kept).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
    }
}
