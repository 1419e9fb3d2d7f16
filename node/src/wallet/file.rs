//! The wallet's file, mode 0600: `{"scheme": "ed25519","public": "…","secret": "…"}`, or with a passphrase
//! `{"scheme": "…","public": "…","kdf": "scrypt","n": …,"r": …,"p": …,"salt": "…",`
//! `"cipher": "xchacha20poly1305","nonce": "…","secret": "…"}`, whose secret is hidden ([`Locked`]).

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use plugcoin_sdk::hooks::KeyPair;
use plugcoin_sdk::ledger::{FIELD_CHARACTERS_MAX, check_field};
use plugcoin_sdk::{Error, ErrorKind};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use super::locked::{Cost, Locked};

/// The longest file that is read, in bytes; keys of any scheme fit.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Nobody but the owner may read or write it.
const MODE: u32 = 0o600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    scheme: String,
    public: String,
    kdf: Option<String>,
    n: Option<u64>,
    r: Option<u32>,
    p: Option<u32>,
    salt: Option<String>,
    cipher: Option<String>,
    nonce: Option<String>,
    secret: String,
}

/// What a wallet's file has.
pub(super) enum Stored {
    /// The keys.
    Open(KeyPair),
    /// The public key, and the secret one under a passphrase.
    Locked(String, Locked),
}

impl Content {
    /// What it has; none if it is neither form.
    fn stored(mut self) -> Option<Stored> {
        let is_open = self.kdf.is_none()
            && self.n.is_none()
            && self.r.is_none()
            && self.p.is_none()
            && self.salt.is_none()
            && self.cipher.is_none()
            && self.nonce.is_none();
        let public = std::mem::take(&mut self.public);
        if is_open {
            let secret = std::mem::take(&mut self.secret);
            return Some(Stored::Open(KeyPair { public, secret }));
        }
        let known = self.kdf.as_deref() == Some("scrypt")
            && self.cipher.as_deref() == Some("xchacha20poly1305");
        let locked = Locked {
            cost: Cost {
                n: self.n?,
                r: self.r?,
                p: self.p?,
            },
            salt: const_hex::decode_to_array(self.salt.as_ref()?).ok()?,
            nonce: const_hex::decode_to_array(self.nonce.as_ref()?).ok()?,
            hidden: const_hex::decode(&self.secret).ok()?,
        };
        known.then_some(Stored::Locked(public, locked))
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Refuses a place where there is something already.
///
/// * A look before much work is done; [`create`] is the one that never overwrites.
pub(super) fn must_be_free(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(fault(path)(io::ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// Makes the file, durably, unless there is one.
///
/// * It appears whole or not at all: it is written beside its place and then linked into it, which,
///   unlike a usual rename, never replaces a file.
pub(super) fn create(
    path: &Path,
    scheme: &str,
    keys: &KeyPair,
    passphrase: Option<&str>,
) -> Result<(), Error> {
    put(path, scheme, keys, passphrase, |new| {
        into_free_place(new, path, |new, path| fs::hard_link(new, path))
    })
}

/// Puts a file where there is none; where the file system has no second names, by a rename that replaces
/// nothing.
pub(super) fn into_free_place(
    new: &Path,
    path: &Path,
    link: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    link(new, path).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(renameat_with(CWD, new, CWD, path, RenameFlags::NOREPLACE)?),
    })
}

/// Replaces the file, durably.
///
/// * The old one stays until the new one is on the disk as a whole.
/// * Where the name is a link, what it leads to is replaced.
pub(super) fn replace(
    path: &Path,
    scheme: &str,
    keys: &KeyPair,
    passphrase: Option<&str>,
) -> Result<(), Error> {
    let path = &fs::canonicalize(path).map_err(fault(path))?;
    put(path, scheme, keys, passphrase, |new| {
        // It is the wallet of who runs the node, also if somebody else may change it.
        let of = |metadata: fs::Metadata| (metadata.uid(), metadata.gid());
        let (old, now) = (of(fs::metadata(path)?), of(fs::metadata(new)?));
        if old != now {
            chown(new, Some(old.0), Some(old.1))?;
        }
        fs::rename(new, path)
    })
}

/// Writes a file beside its place, and puts it there.
fn put(
    path: &Path,
    scheme: &str,
    keys: &KeyPair,
    passphrase: Option<&str>,
    into_place: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), Error> {
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
    let text = text(scheme, keys, passphrase)?;
    let beside = beside(path).map_err(fault(path))?;
    let written = write(&beside, &text).and_then(|()| into_place(&beside));
    // Whatever became of it: the other name goes, and a failure to remove it harms nobody.
    let _ = fs::remove_file(&beside);
    written
        .and_then(|()| sync_folder(path))
        .map_err(fault(path))
}

fn fault(path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::new(
            ErrorKind::InUse,
            "there is a wallet already, and it is never overwritten; move it away first",
        )
        .with("file", path.display()),
        _ => Error::new(ErrorKind::Io, "the wallet can't be written")
            .with("file", path.display())
            .because(error),
    }
}

fn text(
    scheme: &str,
    keys: &KeyPair,
    passphrase: Option<&str>,
) -> Result<Zeroizing<String>, Error> {
    let public = &keys.public;
    let Some(passphrase) = passphrase else {
        let parts = [
            "{\"scheme\": \"",
            scheme,
            "\",\"public\": \"",
            public,
            "\",\"secret\": \"",
            &keys.secret,
            "\"}\n",
        ];
        // All of the room at once, unlike a formatted text: what grows leaves copies behind.
        return Ok(Zeroizing::new(parts.concat()));
    };
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    getrandom::fill(&mut salt)
        .and_then(|()| getrandom::fill(&mut nonce))
        .map_err(|error| {
            Error::new(ErrorKind::Io, "the system gives no random bytes").because(error)
        })?;
    let open = (scheme, &**public, &*keys.secret);
    let Locked { cost, hidden, .. } = Locked::new(Cost::NEW, salt, nonce, open, passphrase)?;
    let (n, r, p) = (cost.n, cost.r, cost.p);
    let [salt, nonce, secret] = [&salt[..], &nonce, &hidden].map(const_hex::encode);
    Ok(Zeroizing::new(format!(
        "{{\"scheme\": \"{scheme}\",\"public\": \"{public}\",\"kdf\": \"scrypt\",\"n\": {n},\"r\": {r},\
         \"p\": {p},\"salt\": \"{salt}\",\"cipher\": \"xchacha20poly1305\",\"nonce\": \"{nonce}\",\
         \"secret\": \"{secret}\"}}\n"
    )))
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

/// Reads what has the keys of this scheme; none if there is no file.
pub(super) fn read(path: &Path, scheme: &str) -> Result<Option<Stored>, Error> {
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
    // All of the room at once: what grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX as usize));
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    let no_wallet = || {
        fault(
            ErrorKind::Corrupt,
            r#"this is no wallet; one is {"scheme": "…","public": "…","secret": "…"}"#,
        )
    };
    let content: Content = serde_json::from_str(&text).map_err(|error| {
        // Only the place: the reader's words may quote what stands there.
        no_wallet()
            .with("line", error.line())
            .with("column", error.column())
    })?;
    if content.scheme != scheme {
        let message = format!(
            "the wallet's scheme is not {scheme}, which the active signer has; name its signer with --plugin, or use another --data-dir"
        );
        return Err(fault(ErrorKind::Configuration, &message));
    }
    content.stored().map(Some).ok_or_else(no_wallet)
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
