//! The snapshot's file: the index and what the node made of the records, with what they were made of.
//!
//! ```text
//! plugcoin journal snapshot 2 VERSION     a line of text
//! END LAST RECORDS                        where the records end, where the last begins, how many
//! PIECES PLACES STATE                     how many digests and places follow, how many bytes of state
//! digest …                                of each piece of the journal up to END
//! hash offset length …                    of each block up to END
//! state                                   the node's own
//! digest digest                           of what stands before the state, and of the state
//! ```
//!
//! Numbers have eight bytes, the lowest first; a length has four.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use plugcoin_sdk::ledger::Hash;

use crate::digest::{PIECE_BYTES, digest};
use crate::index::Span;
use crate::sync_folder;
use crate::tail::Tail;

/// Another version may mean something else by its bytes.
const HEAD: &[u8] = concat!(
    "plugcoin journal snapshot 2 ",
    env!("CARGO_PKG_VERSION"),
    "\n"
)
.as_bytes();

/// The bytes of a block's place: hash, offset, length.
const PLACE_BYTES: usize = 32 + 8 + 4;

/// What a snapshot's file is to hold.
pub(crate) struct Content<'a> {
    /// Up to where the journal's records are in it.
    pub(crate) tail: Tail,
    /// The digests of the journal's pieces up to there.
    pub(crate) pieces: Vec<u64>,
    /// The places of the blocks up to there.
    pub(crate) places: Vec<(Hash, Span)>,
    /// What the node made of the records.
    pub(crate) state: &'a [u8],
}

/// Replaces the snapshot: whatever happens, it is the old one or the new one.
pub(crate) fn write(path: &Path, content: &Content<'_>) -> io::Result<()> {
    let beside = path.with_extension("snapshot.new");
    let mut file = File::create(&beside)?;
    let about = about(content);
    let digests = [digest(&about), digest(content.state)].map(u64::to_le_bytes);
    for part in [&about, content.state, digests.as_flattened()] {
        file.write_all(part)?;
    }
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// What stands before the state.
fn about(content: &Content<'_>) -> Vec<u8> {
    let tail = &content.tail;
    let counts = [
        tail.end,
        tail.last,
        tail.records,
        content.pieces.len() as u64,
        content.places.len() as u64,
        content.state.len() as u64,
    ];
    let length = content.places.len() * PLACE_BYTES + 8 * content.pieces.len();
    let mut bytes = Vec::with_capacity(length + 200);
    bytes.extend_from_slice(HEAD);
    for number in counts.iter().chain(&content.pieces) {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for (hash, span) in &content.places {
        bytes.extend_from_slice(hash.as_bytes());
        bytes.extend_from_slice(&span.offset.to_le_bytes());
        bytes.extend_from_slice(&span.length.to_le_bytes());
    }
    bytes
}

/// The snapshot's bytes, if there is one; or why it can't be used.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What a snapshot's bytes hold.
pub(crate) struct Kept<'a> {
    /// Up to where the journal's records are in it.
    pub(crate) tail: Tail,
    /// The digests of the journal's pieces up to there.
    pub(crate) pieces: Vec<u64>,
    places: &'a [[u8; PLACE_BYTES]],
    /// What the node made of the records.
    pub(crate) state: &'a [u8],
}

impl<'a> Kept<'a> {
    /// What these bytes hold; or why they can't be used.
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let rest = bytes
            .strip_prefix(HEAD)
            .ok_or_else(|| "it is of another version".to_owned())?;
        let kept = Self::parts(rest).filter(|(kept, digests)| {
            let about = &bytes[..bytes.len() - kept.state.len() - digests.as_flattened().len()];
            [digest(about), digest(kept.state)].map(u64::to_le_bytes) == **digests
        });
        let (kept, _) = kept.ok_or_else(|| "it is damaged".to_owned())?;
        Ok(kept)
    }

    /// Its parts, with the two digests at its end, which are not looked at.
    fn parts(bytes: &'a [u8]) -> Option<(Self, &'a [[u8; 8]; 2])> {
        let (counts, rest) = bytes.split_at_checked(6 * 8)?;
        let (counts, _) = counts.as_chunks::<8>();
        let count = |n: usize| u64::from_le_bytes(counts[n]);
        let size = |n: usize| usize::try_from(count(n)).ok();
        let mut tail = Tail::empty();
        (tail.end, tail.last, tail.records) = (count(0), count(1), count(2));
        let (pieces, rest) = rest.split_at_checked(size(3)?.checked_mul(8)?)?;
        let (places, rest) = rest.split_at_checked(size(4)?.checked_mul(PLACE_BYTES)?)?;
        let (state, digests) = rest.split_at_checked(size(5)?)?;
        let (pieces, _) = pieces.as_chunks::<8>();
        let (places, _) = places.as_chunks::<PLACE_BYTES>();
        let digests = digests.as_chunks::<8>();
        let whole = tail.records > 0
            && tail.last < tail.end
            && pieces.len() as u64 == tail.end.div_ceil(PIECE_BYTES)
            && digests.1.is_empty();
        let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let kept = Self {
            tail,
            pieces: pieces.iter().map(number).collect(),
            places,
            state,
        };
        whole.then_some((kept, digests.0.try_into().ok()?))
    }

    /// The places of the blocks up to the tail.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Hash, Span)> {
        self.places.iter().map(place)
    }
}

fn place(bytes: &[u8; PLACE_BYTES]) -> (Hash, Span) {
    let (mut hash, mut offset, mut length) = ([0; 32], [0; 8], [0; 4]);
    hash.copy_from_slice(&bytes[..32]);
    offset.copy_from_slice(&bytes[32..40]);
    length.copy_from_slice(&bytes[40..]);
    let span = Span {
        offset: u64::from_le_bytes(offset),
        length: u32::from_le_bytes(length),
    };
    (Hash::from_bytes(hash), span)
}
