//! `consensus.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::header::{Rest, push_header, push_target};
use super::{Answer, Nothing, Remote, read};
use crate::hooks::{Consensus, NonceLength, Seal, SealVerdict, Slice};
use crate::ledger::{Draft, Header, Seed, Target, Transaction, Work, serde_texts};
use crate::{Error, ErrorKind};

#[derive(Serialize, Deserialize)]
struct SealOf<'a> {
    seed: Cow<'a, Seed>,
    #[serde(with = "serde_texts::transactions")]
    transactions: Cow<'a, [Transaction]>,
    parent: Cow<'a, Header>,
    target: Target,
    slice: Slice,
}

#[derive(Serialize, Deserialize)]
struct CheckSeal<'a> {
    header: Cow<'a, Header>,
    parent: Option<Cow<'a, Header>>,
    target: Target,
}

impl CheckSeal<'_> {
    /// Asked of every block, so the form that the host writes is read by hand.
    fn read(input: &[u8]) -> Result<Self, Error> {
        let by_hand = std::str::from_utf8(input).ok().and_then(Self::by_hand);
        by_hand.map_or_else(|| read(input), Ok)
    }

    fn by_hand(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        rest.skip("{\"header\":")?;
        let header = Cow::Owned(rest.header()?);
        rest.skip(",\"parent\":")?;
        let parent = match rest.skip("null") {
            Some(()) => None,
            None => Some(Cow::Owned(rest.header()?)),
        };
        rest.skip(",\"target\":\"")?;
        let target = rest.target()?;
        rest.skip("}")?;
        rest.0.is_empty().then_some(Self {
            header,
            parent,
            target,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct WorkOf {
    target: Target,
}

pub(super) fn answer(
    hook: &dyn Consensus,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "seal" => {
            let asked: SealOf<'_> = read(input)?;
            let draft = Draft::new(asked.seed.into_owned(), asked.transactions.into_owned());
            let draft = draft.map_err(|invalid| {
                Error::new(ErrorKind::Plugin, "the draft is none").because(invalid.to_string())
            })?;
            to.send(&hook.seal(&draft, &asked.parent, &asked.target, asked.slice)?)
        }
        "check_seal" => {
            let asked = CheckSeal::read(input)?;
            let verdict = hook.check_seal(&asked.header, asked.parent.as_deref(), &asked.target);
            to.send(&verdict?)
        }
        "work" => to.send(&hook.work(&read::<WorkOf>(input)?.target)?),
        "looks_at_parent" => to.send(&hook.looks_at_parent()),
        "nonce_length" => to.send(&hook.nonce_length()),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Consensus>, Error> {
    let nonce_length = remote.ask_if_there("consensus.nonce_length", &Nothing {})?;
    let looks_at_parent = remote.ask_if_there("consensus.looks_at_parent", &Nothing {})?;
    let required = Required(remote);
    let nonce_length = nonce_length.unwrap_or(required.nonce_length());
    let looks_at_parent = looks_at_parent.unwrap_or(required.looks_at_parent());
    Ok(Arc::new(There {
        required,
        nonce_length,
        looks_at_parent,
    }))
}

/// What every plugin answers; the rest as it is by default.
struct Required(Remote);

impl Consensus for Required {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let asked = SealOf {
            seed: Cow::Borrowed(draft.seed()),
            transactions: draft.transactions().into(),
            parent: Cow::Borrowed(parent),
            target: *target,
            slice,
        };
        self.0.ask("consensus.seal", &asked)
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        // Asked of every block, so it is written by hand: the same text as that of `CheckSeal`.
        let mut text = String::with_capacity(1_024);
        text.push_str("{\"header\":");
        push_header(&mut text, header);
        text.push_str(",\"parent\":");
        match parent {
            Some(parent) => push_header(&mut text, parent),
            None => text.push_str("null"),
        }
        text.push_str(",\"target\":\"");
        push_target(&mut text, target);
        text.push_str("\"}");
        self.0.ask_text("consensus.check_seal", &text)
    }
}

struct There {
    required: Required,
    nonce_length: NonceLength,
    looks_at_parent: bool,
}

impl Consensus for There {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        self.required.seal(draft, parent, target, slice)
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        self.required.check_seal(header, parent, target)
    }

    fn looks_at_parent(&self) -> bool {
        self.looks_at_parent
    }

    fn work(&self, target: &Target) -> Result<Work, Error> {
        let asked = WorkOf { target: *target };
        match self.required.0.ask_if_there("consensus.work", &asked)? {
            Some(work) => Ok(work),
            None => self.required.work(target),
        }
    }

    fn nonce_length(&self) -> NonceLength {
        self.nonce_length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::genesis;

    #[test]
    fn a_request_is_read_by_hand_and_by_serde_alike() {
        let genesis = genesis();
        for parent in [None, Some(Cow::Borrowed(genesis.header()))] {
            let asked = CheckSeal {
                header: Cow::Borrowed(genesis.header()),
                parent,
                target: Target::MAX,
            };
            let text = serde_json::to_string(&asked).unwrap();
            let same = |read: CheckSeal<'_>| {
                assert_eq!(read.header, asked.header);
                assert_eq!(read.parent, asked.parent);
                assert_eq!(read.target, asked.target);
            };
            same(CheckSeal::by_hand(&text).unwrap());
            // Another client may write the same with spaces.
            let spaced = format!(" {} ", text.replace(':', ": ").replace("01: ", "01:"));
            assert!(CheckSeal::by_hand(&spaced).is_none());
            same(CheckSeal::read(spaced.as_bytes()).unwrap());
            assert!(CheckSeal::read(&text.as_bytes()[1..]).is_err());
            assert!(CheckSeal::by_hand(&format!("{text}}}")).is_none());
        }
    }
}
