//! A node in a process of its own, on a chain that was made for it.

use plugcoin_sdk::Error;
use plugcoin_sdk::ledger::{Hash, genesis};

use super::client::Client;
use super::{PAGE_LEVELS, cpu};
use crate::chain::Chain;
use crate::process::{Process, journal};
use crate::storing::filled;
use crate::workbench::Workbench;

/// A node that serves a chain; it ends when this is dropped.
pub(super) struct Node {
    process: Process,
    /// The best chain's blocks, the genesis block first.
    pub(super) hashes: Vec<Hash>,
    /// The texts of its first blocks after the genesis block.
    pub(super) texts: Vec<String>,
}

impl Node {
    /// Starts the program on this chain; it mines nothing.
    pub(super) fn start(bench: &Workbench, chain: Chain) -> Result<Self, Error> {
        let name = format!("serving-{}", chain.blocks);
        let (mut hashes, mut texts) = (vec![genesis().hash()], Vec::new());
        let journal = filled(&journal(bench, &name)?, chain, |block| {
            hashes.push(block.hash());
            if texts.len() < PAGE_LEVELS {
                texts.push(block.text().to_owned());
            }
        })?;
        drop(journal);
        let nothing_due = format!("fifo.n_transactions={}", u32::MAX);
        let args = ["--log", "error", "--set", &nothing_due];
        Ok(Self {
            process: Process::start(bench, &name, &args)?,
            hashes,
            texts,
        })
    }

    /// So many connections to it.
    pub(super) fn clients(&self, count: usize) -> Result<Vec<Client>, Error> {
        (0..count)
            .map(|_| Client::connect(self.process.at))
            .collect()
    }

    /// The CPU time of all its threads so far, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> Result<u64, Error> {
        cpu::of_threads(&self.process.id().to_string(), "")
    }

    /// The memory that it has, in bytes; none if the system doesn't say.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        self.process.memory_bytes()
    }
}
