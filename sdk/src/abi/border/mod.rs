//! The messages of every hook, with both their sides: one file a hook.

mod consensus;
mod difficulty;
mod fork_choice;
mod gossip;
mod header;
mod mempool;
mod merkle;
mod observer;
mod reward;
mod signer;
mod storage;
mod transport;
mod validity;

use serde::{Deserialize, Serialize};

use super::remote::Remote;
use super::secret::SecretText;
use crate::hooks::HookKind;
use crate::plugin::Provided;
use crate::{Error, ErrorKind};

/// The hooks of a plugin on the other side.
pub(super) fn provided(remote: &Remote, hooks: &[HookKind]) -> Result<Provided, Error> {
    let mut provided = Provided::default();
    for hook in hooks {
        let remote = remote.clone();
        match hook {
            HookKind::Storage => provided.storage = Some(storage::remote(remote)?),
            HookKind::Consensus => provided.consensus = Some(consensus::remote(remote)?),
            HookKind::Signer => provided.signer = Some(signer::remote(remote)?),
            HookKind::Gossip => provided.gossip = Some(gossip::remote(remote)),
            HookKind::Transport => provided.transport = Some(transport::remote(remote)),
            HookKind::Difficulty => provided.difficulty = Some(difficulty::remote(remote)?),
            HookKind::ForkChoice => provided.fork_choice = Some(fork_choice::remote(remote)),
            HookKind::Reward => provided.reward = Some(reward::remote(remote)),
            HookKind::Merkle => provided.merkle = Some(merkle::remote(remote)),
            HookKind::Mempool => provided.mempool = Some(mempool::remote(remote)?),
            HookKind::Validity => provided.validity = Some(validity::remote(remote)),
            HookKind::Observer => provided.observer = Some(observer::remote(remote)),
        }
    }
    Ok(provided)
}

/// Calls a method of a plugin on this side; whether there is one.
pub(super) fn dispatch(
    plugin: &Provided,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    let (hook, method) = method.split_once('.').unwrap_or_default();
    let Some(kind) = HookKind::ALL.into_iter().find(|kind| kind.name() == hook) else {
        return Ok(false);
    };
    macro_rules! answer {
        ($hook:ident) => {
            match &plugin.$hook {
                Some(hook) => $hook::answer(&**hook, method, input, to),
                None => Ok(false),
            }
        };
    }
    match kind {
        HookKind::Storage => answer!(storage),
        HookKind::Consensus => answer!(consensus),
        HookKind::Signer => answer!(signer),
        HookKind::Gossip => answer!(gossip),
        HookKind::Transport => answer!(transport),
        HookKind::Difficulty => answer!(difficulty),
        HookKind::ForkChoice => answer!(fork_choice),
        HookKind::Reward => answer!(reward),
        HookKind::Merkle => answer!(merkle),
        HookKind::Mempool => answer!(mempool),
        HookKind::Validity => answer!(validity),
        HookKind::Observer => answer!(observer),
    }
}

/// A request without anything in it.
#[derive(Serialize, Deserialize)]
pub(super) struct Nothing {}

/// Reads a request.
pub(super) fn read<'a, T: Deserialize<'a>>(input: &'a [u8]) -> Result<T, Error> {
    let refuse = || Error::new(ErrorKind::Plugin, "the request is not what the ABI says");
    let text = std::str::from_utf8(input).map_err(|error| refuse().because(error))?;
    serde_json::from_str(text).map_err(|error| refuse().because(error))
}

/// Where the messages of an answer go.
pub(super) struct Answer<'a> {
    write: &'a mut dyn FnMut(&[u8]) -> bool,
}

impl<'a> Answer<'a> {
    pub(super) fn new(write: &'a mut dyn FnMut(&[u8]) -> bool) -> Self {
        Self { write }
    }

    /// Sends the one message of an answer.
    pub(super) fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<bool, Error> {
        self.send_more(value).map(|_| true)
    }

    /// Sends one of many messages; whether more are wanted.
    pub(super) fn send_more<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<bool, Error> {
        let text = serde_json::to_vec(value).map_err(unwritten)?;
        Ok((self.write)(&text))
    }

    /// Sends the one message of an answer, and wipes it from memory.
    pub(super) fn send_secret(&mut self, value: &impl Serialize) -> Result<bool, Error> {
        let text = SecretText::of(value).map_err(unwritten)?;
        (self.write)(text.as_bytes());
        Ok(true)
    }

    /// Sends a message that is JSON already; whether more are wanted.
    pub(super) fn send_text(&mut self, text: &[u8]) -> bool {
        (self.write)(text)
    }
}

fn unwritten(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Plugin, "the answer can't be written").because(error)
}

/// An [`Error`] at the border.
#[derive(Serialize, Deserialize)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) message: String,
}

/// An [`ErrorKind`] at the border.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultKind {
    Configuration,
    Corrupt,
    Io,
    InUse,
    Peer,
    Unsupported,
    /// Also whatever kind a newer library may know.
    #[serde(other)]
    Plugin,
}

impl Fault {
    pub(super) fn of(error: &Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Configuration => FaultKind::Configuration,
            ErrorKind::Corrupt => FaultKind::Corrupt,
            ErrorKind::Io => FaultKind::Io,
            ErrorKind::InUse => FaultKind::InUse,
            ErrorKind::Peer => FaultKind::Peer,
            ErrorKind::Unsupported => FaultKind::Unsupported,
            ErrorKind::Plugin => FaultKind::Plugin,
        };
        Self {
            kind,
            message: error.to_string(),
        }
    }

    pub(super) fn into_error(self) -> Error {
        let kind = match self.kind {
            FaultKind::Configuration => ErrorKind::Configuration,
            FaultKind::Corrupt => ErrorKind::Corrupt,
            FaultKind::Io => ErrorKind::Io,
            FaultKind::InUse => ErrorKind::InUse,
            FaultKind::Peer => ErrorKind::Peer,
            FaultKind::Unsupported => ErrorKind::Unsupported,
            FaultKind::Plugin => ErrorKind::Plugin,
        };
        Error::new(kind, self.message)
    }
}
