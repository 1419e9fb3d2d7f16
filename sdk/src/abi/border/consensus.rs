//! `consensus.*`

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Nothing, Remote, read};
use crate::hooks::{Consensus, NonceLength, Seal, SealVerdict, Slice};
use crate::ledger::{Draft, Hash, Header, Seed, Target, Transaction, Work, serde_texts};
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
            let asked: CheckSeal<'_> = read(input)?;
            let verdict = hook.check_seal(&asked.header, asked.parent.as_deref(), &asked.target);
            to.send(&verdict?)
        }
        "work" => to.send(&hook.work(&read::<WorkOf>(input)?.target)?),
        "nonce_length" => to.send(&hook.nonce_length()),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Consensus>, Error> {
    let nonce_length = remote.ask_if_there("consensus.nonce_length", &Nothing {})?;
    let required = Required(remote);
    let nonce_length = nonce_length.unwrap_or(required.nonce_length());
    Ok(Arc::new(There {
        required,
        nonce_length,
    }))
}

/// A header's JSON; its texts are of the ledger's alphabet, in which nothing need be escaped.
fn push_header(to: &mut String, header: &Header) {
    let field = |to: &mut String, name: &str, text: &str| {
        to.push_str(name);
        to.push_str(text);
        to.push('"');
    };
    to.push_str("{\"nr\":");
    let _ = write!(to, "{}", header.nr);
    match &header.previous_hash {
        Some(hash) => {
            to.push_str(",\"previous_hash\":\"");
            push_hex(to, hash);
            to.push('"');
        }
        None => to.push_str(",\"previous_hash\":null"),
    }
    to.push_str(",\"timestamp\":\"");
    let _ = write!(to, "{}", header.timestamp);
    field(to, "\",\"nonce\":\"", &header.nonce);
    to.push_str(",\"hash\":\"");
    push_hex(to, &header.hash);
    field(to, "\",\"creator\":\"", &header.creator);
    to.push_str(",\"merkle_root\":\"");
    push_hex(to, &header.merkle_root);
    let _ = write!(to, "\",\"count\":{}}}", header.count);
}

fn push_hex(to: &mut String, hash: &Hash) {
    to.push_str(std::str::from_utf8(&hash.hex()).unwrap_or_default());
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
        push_hex(&mut text, &Hash::from_bytes(target.0.to_be_bytes()));
        text.push_str("\"}");
        self.0.ask_text("consensus.check_seal", &text)
    }
}

struct There {
    required: Required,
    nonce_length: NonceLength,
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
    use crate::ledger::{Timestamp, genesis};

    #[test]
    fn a_header_written_by_hand_is_the_same_text() {
        let first = genesis().header().clone();
        let second = Header {
            nr: 1,
            previous_hash: Some(first.hash),
            timestamp: Timestamp::from_us(7),
            ..first.clone()
        };
        for header in [first, second] {
            let mut text = String::new();
            push_header(&mut text, &header);
            assert_eq!(text, serde_json::to_string(&header).unwrap());
        }
    }
}
