//! A node in a process of its own, on a chain that was made for it.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use journal::Journal;
use plugcoin_sdk::hooks::{Record, Storage as _};
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::{Error, ErrorKind};

use super::client::Client;
use super::{PAGE_LEVELS, cpu};
use crate::chain::Chain;
use crate::process::memory_kb;
use crate::workbench::Workbench;

/// How many blocks are written at once.
const GROUP: usize = 1_024;

/// A node that serves a chain; it ends when this is dropped.
pub(super) struct Node {
    child: Child,
    pub(super) at: SocketAddr,
    /// The best chain's blocks, the genesis block first.
    pub(super) hashes: Vec<Hash>,
    /// The texts of its first blocks after the genesis block.
    pub(super) texts: Vec<String>,
}

impl Node {
    /// Starts the program on this chain; it mines nothing.
    pub(super) fn start(bench: &Workbench, chain: Chain) -> Result<Self, Error> {
        let dir = bench.dir.join(format!("serving-{}", chain.blocks));
        std::fs::create_dir_all(&dir).map_err(|error| failed(&dir, error))?;
        // It shall call nobody.
        std::fs::write(dir.join("peers-default.json"), r#"{"peers": []}"#)
            .map_err(|error| failed(&dir, error))?;
        let port = free_port().map_err(|error| failed(&dir, error))?;
        let (hashes, texts) = write(&dir.join(format!("blocks-{port}.json")), chain)?;
        let mut child = Command::new(&bench.loader.program)
            .args(["--port", &port.to_string(), "--log", "error"])
            .args(["--set", "zeros.zeros=0"])
            .args(["--set", &format!("fifo.n_transactions={}", u32::MAX)])
            .arg("--data-dir")
            .arg(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&dir, error))?;
        let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut lines = lines.into_iter().flatten().map_while(Result::ok);
        let serves = lines.any(|line| line.starts_with("listening on"));
        let node = Self {
            child,
            at: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            hashes,
            texts,
        };
        match serves {
            true => Ok(node),
            false => Err(failed(&dir, "it ended before it served")),
        }
    }

    /// So many connections to it.
    pub(super) fn clients(&self, count: usize) -> Result<Vec<Client>, Error> {
        (0..count).map(|_| Client::connect(self.at)).collect()
    }

    /// The CPU time of all its threads so far, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> Result<u64, Error> {
        cpu::of_threads(&self.child.id().to_string(), "")
    }

    /// The memory that it has, in bytes; none if the system doesn't say.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        memory_kb(&self.child, "VmRSS:").map(|kb| kb << 10)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Its files are of no more use, so it need not end in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Writes the journal of a chain; its hashes come back, and the first texts.
fn write(path: &Path, chain: Chain) -> Result<(Vec<Hash>, Vec<String>), Error> {
    let journal = Journal::open(path)?;
    journal.replay(&mut |_| Ok(()))?;
    let mut hashes = vec![genesis().hash()];
    let mut texts = Vec::new();
    let mut group = vec![Record::Block(genesis())];
    for block in chain.blocks() {
        let block = block?;
        hashes.push(block.hash());
        if texts.len() < PAGE_LEVELS {
            texts.push(block.text().to_owned());
        }
        group.push(Record::Block(block));
        if group.len() == GROUP {
            journal.append(&group)?;
            group.clear();
        }
    }
    journal.append(&group)?;
    Ok((hashes, texts))
}

fn failed(dir: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Io, "a node to measure can't be started")
        .with("folder", dir.display())
        .because(error)
}
