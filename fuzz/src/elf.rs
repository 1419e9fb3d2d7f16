//! Any bytes as a plugin's library: looked at, and never opened.

use std::path::Path;

use plugcoin_host::check_library;
use plugcoin_sdk::ErrorKind;
use plugcoin_sdk::abi::{ENTRY, NOTE_NAME};

/// * What is refused is refused with the file, what was expected and what was found.
/// * What passes is an ELF file in which the entry and the note stand.
pub(crate) fn hold(bytes: &[u8]) {
    match check_library(Path::new("./libx.so"), bytes) {
        Ok(()) => {
            assert!(bytes.starts_with(b"\x7fELF"));
            for part in [ENTRY, NOTE_NAME] {
                let mut windows = bytes.windows(part.len());
                assert!(windows.any(|window| window == part.as_bytes()), "{part}");
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let words = error.to_string();
            for part in ["./libx.so", "expected", "found"] {
                assert!(words.contains(part), "{words}");
            }
        }
    }
}
