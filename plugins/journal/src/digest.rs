//! Whether a file's bytes are what they were: a digest of each piece, as fast as memory is read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How long a piece is: small enough to be looked at in the cache it was read into.
pub(crate) const PIECE_BYTES: u64 = 256 << 10;

const LANES: usize = 8;

/// An odd number, so that no multiplication by it loses anything.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A digest against damage, not against malice: who can change the journal can change this too.
///
/// * Every step can be undone, so a change within eight aligned bytes always changes the digest;
///   any other one does but for one chance in 2⁶⁴.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let mut lanes = [FACTOR; LANES];
    let (whole, rest) = bytes.as_chunks::<{ 8 * LANES }>();
    for chunk in whole {
        mix_in(&mut lanes, chunk);
    }
    let mut last = [0; 8 * LANES];
    last[..rest.len()].copy_from_slice(rest);
    mix_in(&mut lanes, &last);
    lanes
        .iter()
        .fold(bytes.len() as u64, |all, lane| mix(all, *lane))
}

fn mix_in(lanes: &mut [u64; LANES], chunk: &[u8; 8 * LANES]) {
    let (words, _) = chunk.as_chunks::<8>();
    for (lane, word) in lanes.iter_mut().zip(words) {
        *lane = mix(*lane, u64::from_le_bytes(*word));
    }
}

fn mix(state: u64, word: u64) -> u64 {
    // The turn brings the high bits down, which a multiplication alone only moves up.
    (state ^ word).wrapping_mul(FACTOR).rotate_left(29)
}

/// Digests the file's pieces up to `end` that have none yet; the last one may be a part.
pub(crate) fn complete(file: &File, end: u64, pieces: &mut Vec<u64>) -> io::Result<()> {
    // The last one may have been a part, and is longer now.
    pieces.pop();
    let mut buffer = Vec::new();
    for piece in pieces.len() as u64..end.div_ceil(PIECE_BYTES) {
        pieces.push(read(file, piece, end, &mut buffer)?);
    }
    Ok(())
}

/// A look at whether a file's first `end` bytes have these digests; any number of threads take part.
pub(crate) struct Look<'a> {
    file: &'a File,
    end: u64,
    pieces: &'a [u64],
    /// The first piece that nobody has taken.
    next: AtomicUsize,
}

impl<'a> Look<'a> {
    pub(crate) fn at(file: &'a File, end: u64, pieces: &'a [u64]) -> Self {
        Self {
            file,
            end,
            pieces,
            next: AtomicUsize::new(0),
        }
    }

    /// Takes part until no piece is left: whether all that were taken here are what they were.
    pub(crate) fn take_part(&self) -> io::Result<bool> {
        let mut buffer = Vec::new();
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(digest) = self.pieces.get(piece) else {
                return Ok(true);
            };
            if read(self.file, piece as u64, self.end, &mut buffer)? != *digest {
                return Ok(false);
            }
        }
    }
}

/// The digest of one piece.
fn read(file: &File, piece: u64, end: u64, buffer: &mut Vec<u8>) -> io::Result<u64> {
    let offset = piece * PIECE_BYTES;
    buffer.resize(PIECE_BYTES.min(end - offset) as usize, 0);
    file.read_exact_at(buffer, offset)?;
    Ok(digest(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_change_changes_it(
            bytes in prop::collection::vec(any::<u8>(), 1..400),
            at in any::<prop::sample::Index>(),
            other in 1_u8..,
        ) {
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= other;
            prop_assert_ne!(digest(&bytes), digest(&changed));
            prop_assert_ne!(digest(&bytes), digest(&bytes[..bytes.len() - 1]));
            let longer = [&bytes[..], &[0]].concat();
            prop_assert_ne!(digest(&bytes), digest(&longer));
        }
    }

    #[test]
    fn two_high_bits_do_not_make_up_for_each_other() {
        let mut bytes = [0; 256];
        let before = digest(&bytes);
        bytes[7] = 0x80;
        bytes[71] = 0x80;
        assert_ne!(digest(&bytes), before);
    }
}
