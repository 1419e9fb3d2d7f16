//! [`read`]: a secret that lies in a file of its own.
//!
//! A file and not an option: every user of the machine sees what programs were started with, and a
//! shell remembers it.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use plugcoin_sdk::{Error, ErrorKind};
use zeroize::{Zeroize as _, Zeroizing};

/// The longest file that is read, in bytes; no secret that a person or a program makes is longer.
const FILE_BYTES_MAX: usize = 4 << 10;

/// Reads the one line of a file; `what` it is, for people.
///
/// * A file that others than its owner may read holds no secret, and is refused.
/// * The memory that held it is wiped.
///
/// # Errors
/// [`ErrorKind::Configuration`], which never quotes what was read.
pub(crate) fn read(path: &Path, what: &str) -> Result<Zeroizing<String>, Error> {
    let fault = |message: String| {
        Error::new(ErrorKind::Configuration, message).with("file", path.display())
    };
    let unreadable = |error: std::io::Error| {
        fault(format!("the file of the {what} can't be read")).because(error)
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(fault(format!("the file of the {what} is a folder")));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let message = format!("others may read the {what}; take it from them with chmod 600");
        return Err(fault(message).with("mode", format_args!("{mode:o}")));
    }
    // All of the room at once: what grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX + 1));
    let limit = FILE_BYTES_MAX as u64 + 1;
    file.by_ref()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(fault(format!("the file is too long to be a {what}")));
    }
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut line = line.to_vec();
    if line.is_empty() || line.iter().any(u8::is_ascii_control) {
        line.zeroize();
        return Err(fault(format!(
            "the {what} must be the one line of its file"
        )));
    }
    String::from_utf8(line)
        .map(Zeroizing::new)
        .map_err(|error| {
            error.into_bytes().zeroize();
            fault(format!("the {what} is no text in UTF-8"))
        })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn read_of(content: &[u8], mode: u32) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        read(&path, "token")
            .map(|text| text.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_is_the_one_line_of_its_file() {
        for content in ["a b", "a b\n", "a b\r\n"] {
            assert_eq!(read_of(content.as_bytes(), 0o600).as_deref(), Ok("a b"));
        }
        assert_eq!(read_of("é".as_bytes(), 0o400).as_deref(), Ok("é"));
        let long = vec![b'x'; FILE_BYTES_MAX + 1];
        for (content, words) in [
            (&b""[..], "one line"),
            (b"\n", "one line"),
            (b"secret\nsecret\n", "one line"),
            (b"secret\n\n", "one line"),
            (b"secret\0", "one line"),
            (b"secret\xff", "no text"),
            (&long, "too long"),
        ] {
            let error = read_of(content, 0o600).unwrap_err();
            assert!(
                error.contains(words) && !error.contains("secretsec"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_others_may_read_is_no_secret() {
        for mode in [0o640, 0o604, 0o644, 0o660, 0o610, 0o602] {
            let error = read_of(b"secret", mode).unwrap_err();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (path, words) in [("gone", "can't be read"), (".", "folder")] {
            let error = read(&dir.path().join(path), "token").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
