//! [`ExitCode`]: how the program ends; [`Failure`]: an end with a reason.

use std::fmt;

use plugcoin_sdk::{Error, ErrorKind};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// All went well.
    Ok = 0,
    /// Something failed while running: a disk, a network; or answers are not as they were recorded.
    Fault = 1,
    /// What was typed is not understood.
    Usage = 2,
    /// Plugins, options or the configuration file don't fit.
    Configuration = 3,
    /// The port or the data directory belongs to another node.
    InUse = 4,
    /// A plugin failed that decides what is valid.
    Plugin = 5,
    /// The stored chain breaks these rules, or a file is damaged.
    Chain = 6,
    /// A payment was refused, or something would have been overwritten.
    Refused = 7,
    /// A plugin that was checked breaks a law of its hooks.
    Laws = 8,
}

impl ExitCode {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Fault,
        Self::Usage,
        Self::Configuration,
        Self::InUse,
        Self::Plugin,
        Self::Chain,
        Self::Refused,
        Self::Laws,
    ];

    /// What it means, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "all went well",
            Self::Fault => {
                "something failed while running: a disk, a network; or an answer is another than recorded"
            }
            Self::Usage => "what was typed is not understood",
            Self::Configuration => "plugins, options or the configuration file don't fit",
            Self::InUse => "the port or the data directory belongs to another node",
            Self::Plugin => "a plugin failed that decides what is valid",
            Self::Chain => "the stored chain breaks these rules, or a file is damaged",
            Self::Refused => "a payment was refused, or something would have been overwritten",
            Self::Laws => "a plugin that was checked breaks a law of its hooks",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Why the program ends early.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    message: String,
}

impl Failure {
    /// An end with this code and these words for people.
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        self.code
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Configuration | ErrorKind::Unsupported => ExitCode::Configuration,
            ErrorKind::InUse => ExitCode::InUse,
            ErrorKind::Plugin => ExitCode::Plugin,
            ErrorKind::Corrupt => ExitCode::Chain,
            _ => ExitCode::Fault,
        };
        Self::new(code, error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_code() {
        for (kind, code) in [
            (ErrorKind::Configuration, ExitCode::Configuration),
            (ErrorKind::Unsupported, ExitCode::Configuration),
            (ErrorKind::InUse, ExitCode::InUse),
            (ErrorKind::Plugin, ExitCode::Plugin),
            (ErrorKind::Corrupt, ExitCode::Chain),
            (ErrorKind::Io, ExitCode::Fault),
            (ErrorKind::Peer, ExitCode::Fault),
        ] {
            let failure = Failure::from(Error::new(kind, "words"));
            assert_eq!(
                (failure.code(), failure.to_string().as_str()),
                (code, "words")
            );
        }
    }

    #[test]
    fn codes_are_in_order_and_told_apart() {
        for (number, code) in ExitCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, number);
        }
    }
}
