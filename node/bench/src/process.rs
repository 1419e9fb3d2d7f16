//! [`Process`]: a node in a process of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plugcoin_sdk::{Error, ErrorKind};
use serde_json::Value;

use crate::workbench::Workbench;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node; it is stopped when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it serves.
    pub(crate) at: SocketAddr,
}

impl Process {
    /// Starts a node with no difficulty and nothing to mine in a folder of this name, new or with a
    /// [`journal`], and waits until it serves.
    pub(crate) fn start(bench: &Workbench, name: &str, args: &[&str]) -> Result<Self, Error> {
        let easy = ["--set", "zeros.zeros=0", "--threads", "1"];
        Self::with(bench, name, &[&easy, args].concat())
    }

    /// Starts one that searches with all processors for what can't be found.
    pub(crate) fn mining(bench: &Workbench, name: &str) -> Result<Self, Error> {
        Self::with(bench, name, &["--set", "zeros.zeros=64", "--mine"])
    }

    fn with(bench: &Workbench, name: &str, args: &[&str]) -> Result<Self, Error> {
        let dir = bench.dir.join(name);
        let io = |error: std::io::Error| failed("a node can't be started").because(error);
        std::fs::create_dir_all(&dir).map_err(io)?;
        // It knows nobody but whom it is told.
        std::fs::write(dir.join("peers-default.json"), "{\"peers\": []}").map_err(io)?;
        let port = journal_port(&dir).unwrap_or_else(|| "0".to_owned());
        let child = Command::new(&bench.loader.program)
            .args(["--port", &port, "--reward-to", "nobody"])
            .args(args)
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(dir.join("node.log")).map_err(io)?)
            .spawn()
            .map_err(io)?;
        let mut process = Self {
            child,
            at: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        let out = process.child.stdout.take();
        for line in out
            .map(BufReader::new)
            .into_iter()
            .flat_map(BufReader::lines)
        {
            if let Some(address) = line.map_err(io)?.strip_prefix("listening on http://") {
                process.at = address.parse().map_err(|error| {
                    failed("a node says strangely where it serves").because(error)
                })?;
                return Ok(process);
            }
        }
        let log = std::fs::read_to_string(dir.join("node.log"));
        Err(failed("a node does not serve").because(log.unwrap_or_default()))
    }

    /// Its number for the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The height that it has reached.
    pub(crate) fn height(&self) -> Result<u64, Error> {
        let io = |error: std::io::Error| failed("a node does not answer").because(error);
        let mut stream = TcpStream::connect(self.at).map_err(io)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(io)?;
        let head = format!(
            "GET /status HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.at
        );
        stream.write_all(head.as_bytes()).map_err(io)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(io)?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        let status: Value = serde_json::from_str(body.unwrap_or_default())
            .map_err(|error| failed("a node's status can't be read").because(error))?;
        Ok(status["height"].as_u64().unwrap_or(0))
    }

    /// The most memory that it ever had, in bytes; none if the system doesn't say.
    pub(crate) fn memory_max_bytes(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// The memory that it has, in bytes; none if the system doesn't say.
    pub(crate) fn memory_bytes(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    /// A line of what the system says of its memory; Linux alone does.
    fn memory(&self, line: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|text| text.strip_prefix(line))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes << 10)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // All that it acknowledged is on disk.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the journal of a node lies that will be started in a folder of this name, at a port that is
/// free just now.
pub(crate) fn journal(bench: &Workbench, name: &str) -> Result<PathBuf, Error> {
    let dir = bench.dir.join(name);
    let io = |error: std::io::Error| failed("a node can't be prepared").because(error);
    std::fs::create_dir_all(&dir).map_err(io)?;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    Ok(dir.join(format!("blocks-{}.json", free.map_err(io)?.port())))
}

/// The port of the node whose journal is in this folder.
fn journal_port(dir: &Path) -> Option<String> {
    std::fs::read_dir(dir).ok()?.flatten().find_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let port = name.strip_prefix("blocks-")?.strip_suffix(".json")?;
        Some(port.to_owned())
    })
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, why.to_owned())
}
