//! The wallet's file: `{"scheme": "ed25519","public": "…","secret": "…"}`, mode 0600.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use plugcoin_sdk::hooks::KeyPair;
use plugcoin_sdk::ledger::{FIELD_CHARACTERS_MAX, check_field};
use plugcoin_sdk::{Error, ErrorKind};
use serde::Deserialize;

/// The longest file that is read, in bytes; keys of any scheme fit.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Nobody but the owner may read or write it.
const MODE: u32 = 0o600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    scheme: String,
    public: String,
    secret: String,
}

/// Makes the file, durably, unless there is one.
///
/// * It appears whole or not at all: it is written beside its place and then linked into it, which,
///   unlike a rename, never replaces a file.
pub(super) fn create(path: &Path, scheme: &str, keys: &KeyPair) -> Result<(), Error> {
    let plain = |name: &str, text: &str| {
        check_field(name, text, usize::MAX).map_err(|invalid| {
            // The words of the verdict don't quote the text.
            Error::new(ErrorKind::Plugin, "the signer made what is no key")
                .because(invalid.to_string())
        })
    };
    plain("scheme", scheme)?;
    plain("secret", &keys.secret)?;
    check_field("public", &keys.public, FIELD_CHARACTERS_MAX).map_err(|invalid| {
        Error::new(ErrorKind::Plugin, "the signer made what is no key").because(invalid.to_string())
    })?;
    let text = format!(
        "{{\"scheme\": \"{scheme}\",\"public\": \"{}\",\"secret\": \"{}\"}}\n",
        keys.public, keys.secret
    );
    let fault = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::new(
            ErrorKind::InUse,
            "there is a wallet already, and it is never overwritten; move it away first",
        )
        .with("file", path.display()),
        _ => Error::new(ErrorKind::Io, "the wallet can't be written")
            .with("file", path.display())
            .because(error),
    };
    let beside = beside(path).map_err(fault)?;
    let written = write(&beside, &text).and_then(|()| fs::hard_link(&beside, path));
    // Whatever became of it: the other name goes, and a failure to remove it harms nobody.
    let _ = fs::remove_file(&beside);
    written.and_then(|()| sync_folder(path)).map_err(fault)
}

/// A name in the same folder that nobody else uses.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let number = getrandom::u64().map_err(io::Error::other)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{number:016x}.new"));
    Ok(path.with_file_name(name))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Reads the keys of this scheme; none if there is no file.
pub(super) fn read(path: &Path, scheme: &str) -> Result<Option<KeyPair>, Error> {
    let fault = |kind, message: &str| Error::new(kind, message).with("file", path.display());
    let unreadable =
        |error: io::Error| fault(ErrorKind::Io, "the wallet can't be read").because(error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(fault(
            ErrorKind::Corrupt,
            "this is no wallet, since it is no file",
        ));
    }
    make_private(path, &file).map_err(unreadable)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    let content: Content = serde_json::from_str(&text).map_err(|error| {
        // Only the place: the reader's words may quote what stands there.
        fault(
            ErrorKind::Corrupt,
            r#"this is no wallet; one is {"scheme": "…","public": "…","secret": "…"}"#,
        )
        .with("line", error.line())
        .with("column", error.column())
    })?;
    if content.scheme != scheme {
        let message = format!(
            "the wallet's scheme is not {scheme}, which the active signer has; name its signer with --plugin, or use another --data-dir"
        );
        return Err(fault(ErrorKind::Configuration, &message));
    }
    Ok(Some(KeyPair {
        public: content.public,
        secret: content.secret,
    }))
}

/// Takes away others' rights to the file, with a warning if they had any.
fn make_private(path: &Path, file: &File) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(MODE))?;
        tracing::warn!(
            file = %path.display(),
            mode = format_args!("{mode:o}"),
            "others could read the wallet; it is private again, and its keys may be known"
        );
    }
    Ok(())
}
