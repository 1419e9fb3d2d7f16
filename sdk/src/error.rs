//! [`Error`]: a fault of ours (a disk, a plugin, a configuration), never a judgement on input.

use std::fmt;

/// What sort of fault an [`Error`] is; callers branch on this, people read the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option, a file name or a combination of plugins that can't work.
    Configuration,
    /// Stored data that can't be what was written.
    Corrupt,
    /// The operating system refused to read, write, connect or listen.
    Io,
    /// Somebody else holds what this node needs: a port, a data directory.
    InUse,
    /// A peer answered something that is no answer, or nothing in time.
    Peer,
    /// The plugin does not do this.
    Unsupported,
    /// A plugin broke a law of its hook.
    Plugin,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Corrupt => "corrupt data",
            Self::Io => "input/output",
            Self::InUse => "in use",
            Self::Peer => "peer",
            Self::Unsupported => "unsupported",
            Self::Plugin => "plugin",
        })
    }
}

/// A fault of ours: what happened, to which thing, and what caused it.
///
/// * Its message says what happened and, where there is one, the way out.
/// * Its context names the things concerned (a path, a peer, a plugin).
/// * Bad input is never an `Error`; it is an [`Invalid`](crate::Invalid).
/// * It is as small as a pointer, so that a hook's answer, which is seldom one, costs little to hand on.
pub struct Error(Box<Fault>);

#[derive(Debug)]
struct Fault {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Debug for Error {
    /// As if all were its own: the box is nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("context", &self.0.context)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error {
    /// Makes an error of this kind with a message for people.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Fault {
            kind,
            message: message.into(),
            context: Vec::new(),
            source: None,
        }))
    }

    /// Adds the thing it happened to, for instance `("file", path)`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Adds the fault beneath this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same without the fault beneath it, which might quote a secret.
    pub(crate) fn without_cause(mut self) -> Self {
        self.0.source = None;
        self
    }

    /// What sort of fault this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without context and cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (n, (name, value)) in self.0.context.iter().enumerate() {
            f.write_str(if n == 0 { " (" } else { ", " })?;
            write!(f, "{name} {value}")?;
        }
        if !self.0.context.is_empty() {
            f.write_str(")")?;
        }
        let mut cause = self
            .0
            .source
            .as_ref()
            .map(|source| &**source as &dyn std::error::Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            // Our own Display has printed what lies beneath it already.
            cause = if error.is::<Error>() {
                None
            } else {
                error.source()
            };
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_happened_to_which_thing_and_why() {
        let disk = std::io::Error::other("no space left");
        let error = Error::new(ErrorKind::Io, "the journal can't be written")
            .with("file", "blocks-6000.json")
            .with("bytes", 17)
            .because(disk);
        assert_eq!(
            error.to_string(),
            "the journal can't be written (file blocks-6000.json, bytes 17): no space left"
        );
        let outer = Error::new(ErrorKind::Plugin, "storage failed").because(error);
        assert!(outer.to_string().ends_with("no space left"), "{outer}");
        assert_eq!(outer.to_string().matches("no space left").count(), 1);
    }
}
