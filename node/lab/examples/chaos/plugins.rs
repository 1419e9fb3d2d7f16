//! The default plugins, as a scenario's nodes run them.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fifo::{Fifo, FifoOptions};
use journal::Journal;
use plugcoin_lab::chaos::{Kit, Rules, Scheme};
use plugcoin_lab::{Disk, Draw};
use plugcoin_sdk::hooks::{Record, Signer, Storage};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::{LaxSigner, PlainSigner};
use tempfile::TempDir;

/// Where temporary files lie in memory, on the systems that have it.
const MEMORY: &str = "/dev/shm";

/// The bytes that close a journal, over which the next append writes.
const CLOSING_BYTES: u64 = 3;

/// The default plugins.
pub(crate) struct Defaults;

impl Kit for Defaults {
    fn hooks(&self, rules: &Rules, storage: Arc<dyn Storage>) -> Hooks {
        let signer: Arc<dyn Signer> = match rules.scheme {
            Scheme::Plain => Arc::new(PlainSigner),
            Scheme::Lax => Arc::new(LaxSigner),
            Scheme::Default => Arc::new(ed25519::Ed25519),
        };
        let options = FifoOptions {
            n_transactions: rules.due_at,
            transactions_max: rules.waiting_max,
            ..FifoOptions::default()
        };
        Hooks {
            storage: Active::new("storage", storage),
            consensus: Schedule::always(
                "proof-of-work",
                Arc::new(proof_of_work::ProofOfWork::default()),
            ),
            signer: Schedule::always("signer", signer),
            gossip: Active::new("flood", Arc::new(flood::FloodGossip)),
            difficulty: Schedule::always("zeros", Arc::new(zeros::Zeros::new(rules.zeros))),
            fork_choice: Active::new("most-work", Arc::new(most_work::MostWork::default())),
            reward: Schedule::always(
                "fixed-reward",
                Arc::new(fixed_reward::FixedReward::default()),
            ),
            merkle: Schedule::always("merkle-tree", Arc::new(merkle_tree::MerkleTree)),
            mempool: Active::new("fifo", Arc::new(Fifo::new(options).unwrap_or_default())),
            validity: vec![Scheduled::always(
                "time",
                Arc::new(time::TimeRule::default()),
            )],
            observers: Vec::new(),
        }
    }

    fn disk(&self) -> Result<Box<dyn Disk>, Error> {
        let folder = match Path::new(MEMORY).is_dir() {
            true => tempfile::tempdir_in(MEMORY),
            false => tempfile::tempdir(),
        };
        Ok(Box::new(JournalDisk(folder.map_err(failed)?)))
    }
}

/// The real journal, in a folder that goes with the world.
struct JournalDisk(TempDir);

impl JournalDisk {
    fn path(&self) -> PathBuf {
        self.0.path().join("blocks.json")
    }
}

impl Disk for JournalDisk {
    fn open(&mut self) -> Result<Arc<dyn Storage>, Error> {
        Ok(Arc::new(Journal::open(self.path())?))
    }

    /// The file ends at any byte of what was being written.
    fn tear(&mut self, records: &[Record], draw: &mut Draw) -> Result<(), Error> {
        let length = |path: &Path| path.metadata().map(|found| found.len()).map_err(failed);
        let journal = Journal::open(self.path())?;
        journal.replay(&mut |_| Ok(()))?;
        let before = length(&self.path())?.saturating_sub(CLOSING_BYTES);
        journal.append(records)?;
        let after = length(&self.path())?;
        let end = before + draw.below(after - before + 1);
        let file = OpenOptions::new().write(true).open(self.path());
        file.and_then(|file| file.set_len(end)).map_err(failed)
    }
}

fn failed(cause: io::Error) -> Error {
    Error::new(ErrorKind::Io, "the journal of a simulated node").because(cause)
}
