//! A page of the best chain, in the chain shape, made of runs that may lie ready.

use axum::body::Bytes;
use axum::response::Response;
use plugcoin_sdk::ledger::Hash;
use std::collections::VecDeque;
use std::sync::Arc;

use super::Failure;
use super::chain::{CLOSE, Next, OPEN, answer};
use crate::backend::{Backend, Unavailable, Wanted};
use crate::limits::{CHUNK_BYTES, PAGE_BYTES_MAX, RUN_LEVELS, RUN_READ_BYTES};
use crate::runs::{Part, Runs};

/// What is still to be sent of a page.
pub(crate) struct Page {
    backend: Arc<dyn Backend>,
    runs: Arc<Runs>,
    /// The page's blocks.
    hashes: Vec<Hash>,
    /// The height of the first one.
    nr: u64,
    /// How many of them are on their way.
    at: usize,
    /// Whether the chain goes on behind the page, as far as can be told.
    is_cut: bool,
    written_bytes: usize,
}

impl Page {
    /// The page of these blocks, the first of which has this height; it has as many as were asked
    /// for if it is cut.
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        runs: Arc<Runs>,
        hashes: Vec<Hash>,
        nr: u64,
        is_cut: bool,
    ) -> Self {
        Self {
            backend,
            runs,
            hashes,
            nr,
            at: 0,
            is_cut,
            // Every run begins with a comma, and the first comma is not sent.
            written_bytes: OPEN.len() - 1,
        }
    }

    /// The blocks of the next run, if it is the longest: it ends at a round height, so that pages
    /// that begin elsewhere have the same ones.
    fn window(&self) -> &[Hash] {
        let nr = self.nr.saturating_add(self.at as u64);
        // Below the length of a run.
        let to_round = (RUN_LEVELS - nr % RUN_LEVELS) as usize;
        let rest = &self.hashes[self.at..];
        &rest[..rest.len().min(to_round)]
    }

    /// How many bytes may still be sent.
    fn room(&self) -> usize {
        PAGE_BYTES_MAX.saturating_sub(self.written_bytes + CLOSE.len())
    }

    fn is_over(&self) -> bool {
        self.at == self.hashes.len()
    }

    /// The next run, if it lies ready and fits.
    fn ready(&mut self) -> Option<Bytes> {
        let (bytes, blocks) = self.runs.find(Part::Run, self.window())?;
        if bytes.len() > self.room() {
            return None;
        }
        Some(self.count(bytes, blocks))
    }

    /// The next run from the journal; none if the page is full.
    async fn read(&mut self) -> Result<Option<Bytes>, Unavailable> {
        let window = self.window();
        let wanted = window.iter().map(|&hash| Wanted {
            hash,
            before: ",[",
            after: "]",
        });
        let (room, window_blocks) = (self.room(), window.len());
        let texts = self
            .backend
            .block_texts(wanted.collect(), room.min(RUN_READ_BYTES));
        let mut texts = texts.await?;
        if texts.bytes.len() > room && self.at > 0 {
            self.at = self.hashes.len();
            return Ok(None);
        }
        texts.bytes.shrink_to_fit();
        let (bytes, blocks) = (Bytes::from(texts.bytes), texts.blocks);
        let is_all = blocks == window_blocks;
        let at_tip = is_all && self.at + blocks == self.hashes.len();
        // What ends where the next text was not at hand ends elsewhere the next time.
        let is_run = is_all || texts.is_full;
        // What ends at the tip, or where the page is full, is hardly asked for again.
        if is_run && room >= RUN_READ_BYTES && (self.is_cut || !at_tip) {
            self.runs
                .keep(Part::Run, self.window(), (bytes.clone(), blocks));
        }
        Ok(Some(self.count(bytes, blocks)))
    }

    /// The whole answer, if it lies ready.
    fn whole(&self) -> Option<Bytes> {
        Some(self.runs.find(Part::Page, &self.hashes)?.0)
    }

    /// Lays the whole answer ready as one piece, if it is one that others ask for too; `pieces` are all
    /// of it.
    fn join(&self, pieces: &VecDeque<Bytes>) -> Option<Bytes> {
        let length = pieces.iter().map(Bytes::len).sum();
        if !self.is_cut || !self.runs.keeps(length) {
            return None;
        }
        let mut whole = Vec::with_capacity(length);
        for piece in pieces {
            whole.extend_from_slice(piece);
        }
        let whole = Bytes::from(whole);
        let run = (whole.clone(), self.hashes.len());
        self.runs.keep(Part::Page, &self.hashes, run);
        Some(whole)
    }

    fn count(&mut self, bytes: Bytes, blocks: usize) -> Bytes {
        self.written_bytes += bytes.len();
        let is_first = self.at == 0;
        self.at += blocks;
        if is_first { bytes.slice(1..) } else { bytes }
    }
}

/// The answer with this page.
///
/// * It has at most [`PAGE_BYTES_MAX`], but one level at least.
/// * Its runs lie ready when it is asked for a second time, and all of it, as one piece, after that:
///   each piece is a write, which wakes the client up.
/// * Its length is said if all of it lies ready, or has no more than [`CHUNK_BYTES`]; else the rest
///   is fetched as the client takes it.
/// * A fault on the way breaks the connection off, so that half a page is never taken for a whole.
///
/// # Errors
/// The [`Failure`] of the first runs.
pub(crate) async fn page(mut page: Page) -> Result<Response, Failure> {
    if let Some(whole) = page.whole() {
        return Ok(answer(VecDeque::from([whole]), None));
    }
    let mut ready = VecDeque::from([Bytes::from_static(OPEN.as_bytes())]);
    let mut is_read = false;
    while !page.is_over() {
        match page.ready() {
            Some(run) => ready.push_back(run),
            None if page.written_bytes < CHUNK_BYTES => {
                is_read = true;
                ready.extend(page.read().await?);
            }
            None => break,
        }
    }
    Ok(if page.is_over() {
        ready.push_back(Bytes::from_static(CLOSE.as_bytes()));
        let whole = if is_read { None } else { page.join(&ready) };
        answer(whole.map_or(ready, |whole| VecDeque::from([whole])), None)
    } else {
        answer(ready, Some(rest_of(page)))
    })
}

fn rest_of(mut page: Page) -> Next {
    Next(Box::pin(async move {
        if !page.is_over() {
            let run = match page.ready() {
                Some(run) => Some(run),
                None => page.read().await?,
            };
            if let Some(run) = run {
                return Ok((run, Some(rest_of(page))));
            }
        }
        Ok((Bytes::from_static(CLOSE.as_bytes()), None))
    }))
}
