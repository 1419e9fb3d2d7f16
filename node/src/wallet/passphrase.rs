//! [`Passphrase`]: where a wallet's passphrase comes from.

use std::io::{IsTerminal as _, Write as _, stdin};
use std::path::{Path, PathBuf};

use plugcoin_sdk::{Error, ErrorKind};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use crate::secret_file;

/// The fewest characters of a new passphrase.
const CHARACTERS_MIN: usize = 8;

/// The longest line that a terminal gives.
const LINE_BYTES_MAX: usize = 4 << 10;

/// Ctrl-C, as a terminal gives it.
const INTERRUPT: u8 = 3;

/// Where a wallet's passphrase comes from: a file, or whoever sits at the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passphrase {
    /// The file, if one was named.
    pub file: Option<PathBuf>,
}

impl Passphrase {
    /// The passphrase of the wallet in this file.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if there is neither a file nor a terminal.
    pub(super) fn known(&self, wallet: &Path) -> Result<Zeroizing<String>, Error> {
        match &self.file {
            Some(file) => secret_file::read(file, "passphrase"),
            None => ask(
                &format!("Passphrase of {}: ", wallet.display()),
                "the wallet has a passphrase, and there is no terminal to ask for it; name its file \
                 with --passphrase-file",
            ),
        }
    }

    /// A new passphrase; a person is asked twice.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] as above, and if it is short or not the same twice.
    pub fn chosen(&self) -> Result<Zeroizing<String>, Error> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Configuration, message));
        let nobody = "there is no terminal to ask for the new passphrase; name its file with \
                      --passphrase-file, or for `node wallet passphrase` with --new-passphrase-file";
        let chosen = match &self.file {
            Some(file) => secret_file::read(file, "passphrase")?,
            None => ask("New passphrase: ", nobody)?,
        };
        if chosen.chars().count() < CHARACTERS_MIN {
            return refuse(format!(
                "a passphrase has {CHARACTERS_MIN} characters at least; several words are best"
            ));
        }
        if self.file.is_none() && ask("The same again: ", nobody)? != chosen {
            return refuse("these were two passphrases; nothing was written".to_owned());
        }
        Ok(chosen)
    }
}

/// Asks at the terminal, which does not show what is typed; `nobody` says what to do where there is none.
fn ask(words: &str, nobody: &str) -> Result<Zeroizing<String>, Error> {
    let refuse = |message: &str| Error::new(ErrorKind::Configuration, message);
    let failed = |error| Error::new(ErrorKind::Io, "the terminal can't be read").because(error);
    if !stdin().is_terminal() {
        return Err(refuse(nobody));
    }
    let mut out = std::io::stderr();
    let mut line = Zeroizing::new([0; LINE_BYTES_MAX]);
    let read = {
        // Silent before it asks: an answer may come at once.
        let _silent = Silent::start().map_err(failed)?;
        let _ = write!(out, "{words}").and_then(|()| out.flush());
        rustix::io::read(stdin(), &mut *line)
    };
    // The end of the line was not shown either.
    let _ = writeln!(out);
    let line = line.get(..read.map_err(failed)?).unwrap_or_default();
    let line = match line.split_last() {
        Some((&INTERRUPT, _)) => return Err(refuse("given up at Ctrl-C; nothing was changed")),
        Some((b'\n', line)) => line,
        _ => return Err(refuse("the line was not ended; nothing was changed")),
    };
    // A file could not hold it, so that a service could not give it.
    if line.iter().any(u8::is_ascii_control) {
        return Err(refuse(
            "a passphrase has no control characters; Ctrl-C gives up, nothing was changed",
        ));
    }
    let text =
        std::str::from_utf8(line).map_err(|_| refuse("the passphrase is no text in UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that does not show what is typed, as long as this lives.
///
/// * Ctrl-C ends the line, and not the process, which would leave the terminal silent.
struct Silent(Termios);

impl Silent {
    fn start() -> rustix::io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut silent = before.clone();
        silent
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
