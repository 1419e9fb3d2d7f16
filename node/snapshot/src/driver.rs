//! [`Driver`]: a node of the core, moved by hand: no thread, no socket, no clock of its own.

use std::sync::Arc;

use plugcoin_core::chain::Served;
use plugcoin_core::{Config, Input, Job, Journal, Node, Output, Reply};
use plugcoin_sdk::hooks::{KeyPair, Seal, Slice, Storage};
use plugcoin_sdk::ledger::{Block, Hash};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, ErrorKind};

/// How many tries a block may cost: eight times what six zeros cost on average.
const TRIES_MAX: u64 = 1 << 27;

/// How many tries are made at once.
const SLICE_TRIES: u64 = 1 << 16;

/// How often a consensus may ask to wait before a block is given up.
const WAITS_MAX: u32 = 1_000;

/// A node of the core with the clock that it is told.
pub(crate) struct Driver {
    pub(crate) node: Node,
    pub(crate) hooks: Hooks,
    /// What others may be told of the chain.
    served: Served,
    /// What the clock says, in microseconds since 1970.
    pub(crate) now_us: i64,
    /// What is to be sealed.
    pub(crate) job: Option<Job>,
    /// Why the node can't go on.
    pub(crate) fault: Option<Error>,
}

/// A block that was sealed, and what it was sealed from.
pub(crate) struct Mined {
    pub(crate) job: Job,
    pub(crate) block: Block,
}

impl Driver {
    pub(crate) fn open(
        now_us: i64,
        config: Config,
        hooks: Hooks,
        wallet: Option<&KeyPair>,
    ) -> Result<Self, Error> {
        let (mut node, records) = Node::open(
            now_us,
            config,
            hooks.clone(),
            wallet.cloned(),
            Journal::Judge,
        )?;
        hooks.storage.hook.append(&records)?;
        node.committed();
        let mut served = Served::default();
        node.show(&mut served);
        Ok(Self {
            node,
            hooks,
            served,
            now_us,
            job: None,
            fault: None,
        })
    }

    /// Where the blocks' texts are.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        self.hooks.storage.hook.clone()
    }

    /// What others may be told of the chain.
    pub(crate) fn served(&self) -> &Served {
        &self.served
    }

    /// Takes in one input: decide, commit, tell.
    ///
    /// * Calls to peers go nowhere, and never end.
    pub(crate) fn handle(&mut self, input: Input) -> Result<Reply, Error> {
        let step = self.node.handle(self.now_us, input)?;
        self.node.hide(&mut self.served);
        if !step.records.is_empty() {
            self.storage().append(&step.records)?;
        }
        self.node.committed();
        self.node.show(&mut self.served);
        for output in step.outputs {
            match output {
                Output::Seal(job) => self.job = Some(*job),
                Output::StopSealing => self.job = None,
                Output::Tell(event) => {
                    for observer in &self.hooks.observers {
                        // One that fails is switched off, and the node goes on.
                        let _ = observer.hook.on_event(&event, self.now_us);
                    }
                }
                Output::Call(_) | Output::Compare { .. } | Output::SavePeers(_) => {}
            }
        }
        Ok(step.reply)
    }

    /// Lets time pass until this moment; it never goes back.
    pub(crate) fn wait_until(&mut self, now_us: i64) -> Result<(), Error> {
        self.now_us = self.now_us.max(now_us);
        self.handle(Input::Ticked).map(drop)
    }

    /// Seals the block that is to be sealed, if there is one; waits if the consensus says so.
    pub(crate) fn mine(&mut self) -> Result<Option<Mined>, Error> {
        for _ in 0..WAITS_MAX {
            let Some(job) = self.job.take() else {
                return Ok(None);
            };
            let id = job.id;
            let input = match search(&self.hooks, &job, self.now_us)? {
                Seal::Found { nonce } => Input::Sealed { job: id, nonce },
                Seal::Sign { text } => Input::SealToSign { job: id, text },
                Seal::Wait { until_us } => {
                    self.handle(Input::SealToWait { job: id, until_us })?;
                    self.wait_until(until_us)?;
                    continue;
                }
                Seal::Exhausted => return Err(too_hard(&job)),
            };
            return match self.handle(input)? {
                Reply::Accepted(hash) => {
                    let block = self.block(&hash)?;
                    Ok(Some(Mined { job, block }))
                }
                Reply::Refused(invalid) => {
                    let message = "the rules refuse a block that the node made by them";
                    Err(Error::new(ErrorKind::Plugin, message)
                        .with("nr", job.draft.nr())
                        .because(invalid.to_string()))
                }
                other => {
                    let message = "the node has a strange answer to its own block";
                    Err(Error::new(ErrorKind::Plugin, message).with("answer", format!("{other:?}")))
                }
            };
        }
        let message = "the consensus says again and again to wait, and no block is sealed; a rule \
                       that lists keys must list the key that the blocks here are made by";
        Err(Error::new(ErrorKind::Configuration, message))
    }

    fn block(&self, hash: &Hash) -> Result<Block, Error> {
        let found = self.storage().block(hash)?;
        found.ok_or_else(|| {
            Error::new(ErrorKind::Plugin, "the storage lacks a block that it took")
                .with("block", hash)
        })
    }
}

/// Searches from try 0 on, so that every run finds the same.
pub(crate) fn search(hooks: &Hooks, job: &Job, now_us: i64) -> Result<Seal, Error> {
    let consensus = &hooks.consensus.at(job.draft.nr()).hook;
    let mut slice = Slice {
        start: 0,
        attempts: SLICE_TRIES,
        now_us,
    };
    while slice.start < TRIES_MAX {
        match consensus.seal(&job.draft, &job.parent, &job.target, slice)? {
            Seal::Exhausted => slice.start += SLICE_TRIES,
            seal => return Ok(seal),
        }
    }
    Ok(Seal::Exhausted)
}

fn too_hard(job: &Job) -> Error {
    let message = format!(
        "block {} has no seal among the first {TRIES_MAX} tries; choose options that demand less",
        job.draft.nr()
    );
    Error::new(ErrorKind::Configuration, message).with("target", job.target)
}
