//! `storage.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Answer, Nothing, Remote, read};
use crate::hooks::{Record, Storage};
use crate::ledger::Hash;
use crate::{Error, ErrorKind};

#[derive(Serialize, Deserialize)]
struct Append<'a> {
    records: Cow<'a, [Record]>,
}

#[derive(Serialize, Deserialize)]
struct Read {
    hash: Hash,
}

#[derive(Serialize, Deserialize)]
struct ReadMany<'a> {
    hashes: Cow<'a, [Hash]>,
}

pub(super) fn answer(
    hook: &dyn Storage,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "append" => to.send(&hook.append(&read::<Append<'_>>(input)?.records)?),
        "replay" => {
            // The host's visitor fails on its own side, and remembers why.
            let stop = || Error::new(ErrorKind::Plugin, "the visit was ended");
            hook.replay(&mut |record| match to.send_more(&record)? {
                true => Ok(()),
                false => Err(stop()),
            })?;
            Ok(true)
        }
        "read" => match hook.read(&read::<Read>(input)?.hash)? {
            Some(text) => {
                to.send_text(&text);
                Ok(true)
            }
            None => to.send(&()),
        },
        "read_many" => {
            let asked: ReadMany<'_> = read(input)?;
            hook.read_many(&asked.hashes, &mut |text| to.send_text(text))?;
            Ok(true)
        }
        "location" => to.send(&hook.location()),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Storage>, Error> {
    let location = remote.ask_if_there("storage.location", &Nothing {})?;
    Ok(Arc::new(There {
        required: Required(remote),
        location: location.flatten(),
    }))
}

/// What every plugin answers; the rest as it is by default.
struct Required(Remote);

impl Storage for Required {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        let records = records.into();
        self.0.ask("storage.append", &Append { records })
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        let there = self
            .0
            .visit("storage.replay", &Nothing {}, &mut |message| {
                let record = serde_json::from_slice(message).map_err(|error| {
                    Error::new(ErrorKind::Corrupt, "what is stored is no record").because(error)
                })?;
                visit(record).map(|()| true)
            })?;
        self.0.required(there.then_some(()), "storage.replay")
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let text: Box<RawValue> = self.0.ask("storage.read", &Read { hash: *hash })?;
        let text: Box<str> = text.into();
        Ok((&*text != "null").then(|| String::from(text).into_bytes()))
    }
}

struct There {
    required: Required,
    location: Option<String>,
}

impl Storage for There {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.required.append(records)
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.required.replay(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.required.read(hash)
    }

    fn read_many(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        let asked = ReadMany {
            hashes: hashes.into(),
        };
        let remote = &self.required.0;
        match remote.visit("storage.read_many", &asked, &mut |text| Ok(visit(text)))? {
            true => Ok(()),
            false => self.required.read_many(hashes, visit),
        }
    }

    fn location(&self) -> Option<String> {
        self.location.clone()
    }
}
