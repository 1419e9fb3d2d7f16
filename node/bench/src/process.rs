//! [`Process`]: a node in a process of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plugcoin_sdk::{Error, ErrorKind};
use serde_json::Value;

use crate::workbench::Workbench;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node with no difficulty and nothing to mine; it is stopped when this is dropped.
pub(crate) struct Process {
    child: Child,
    dir: PathBuf,
    /// Where it serves: `127.0.0.1:6000`.
    pub(crate) address: String,
}

impl Process {
    /// Starts a node in a folder of this name, new or used before, and waits until it serves.
    pub(crate) fn start(bench: &Workbench, name: &str, args: &[String]) -> Result<Self, Error> {
        let dir = bench.dir.join(name);
        let io = |error: std::io::Error| failed("a node can't be started").because(error);
        std::fs::create_dir_all(&dir).map_err(io)?;
        // It knows nobody but whom it is told.
        std::fs::write(dir.join("peers-default.json"), "{\"peers\": []}").map_err(io)?;
        // A port that was chosen once is in the names of the files.
        let port = used_port(&dir).unwrap_or_else(|| "0".to_owned());
        let child = Command::new(&bench.loader.program)
            .args(["--port", &port, "--set", "zeros.zeros=0"])
            .args(["--reward-to", "nobody", "--threads", "1"])
            .args(args)
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(dir.join("node.log")).map_err(io)?)
            .spawn()
            .map_err(io)?;
        let mut process = Self {
            child,
            dir,
            address: String::new(),
        };
        let out = process.child.stdout.take();
        for line in out
            .map(BufReader::new)
            .into_iter()
            .flat_map(BufReader::lines)
        {
            if let Some(address) = line.map_err(io)?.strip_prefix("listening on http://") {
                address.clone_into(&mut process.address);
                return Ok(process);
            }
        }
        let log = std::fs::read_to_string(process.dir.join("node.log"));
        Err(failed("a node does not serve").because(log.unwrap_or_default()))
    }

    /// The same, with a folder that is new: its journal has the genesis block alone.
    pub(crate) fn empty(bench: &Workbench, name: &str) -> Result<Self, Error> {
        Self::start(bench, name, &[])
    }

    /// Its journal.
    pub(crate) fn journal(&self) -> PathBuf {
        let port = self.address.rsplit(':').next().unwrap_or_default();
        self.dir.join(format!("blocks-{port}.json"))
    }

    /// The height that it has reached.
    pub(crate) fn height(&self) -> Result<u64, Error> {
        let io = |error: std::io::Error| failed("a node does not answer").because(error);
        let mut stream = TcpStream::connect(&self.address).map_err(io)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(io)?;
        let head = format!(
            "GET /status HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).map_err(io)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(io)?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        let status: Value = serde_json::from_str(body.unwrap_or_default())
            .map_err(|error| failed("a node's status can't be read").because(error))?;
        Ok(status["height"].as_u64().unwrap_or(0))
    }

    /// The most memory that it ever had, in megabytes; 0 if the system doesn't say.
    pub(crate) fn memory_mb(&self) -> u64 {
        memory_kb(&self.child, "VmHWM:").map_or(0, |kb| kb / 1_024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // All that it acknowledged is on disk.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of what the system says of a process' memory, in kilobytes; Linux alone does.
pub(crate) fn memory_kb(process: &Child, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|text| text.strip_prefix(line))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The port of the node whose files are in this folder.
fn used_port(dir: &Path) -> Option<String> {
    std::fs::read_dir(dir).ok()?.flatten().find_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let port = name.strip_prefix("blocks-")?.strip_suffix(".json")?;
        Some(port.to_owned())
    })
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, why.to_owned())
}
