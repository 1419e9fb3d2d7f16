//! A node as a process of its own, on a port that it chose.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long anything may take on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running node; it is killed at the end if it has not been stopped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
    /// What it printed until it served.
    pub(crate) summary: String,
    /// Where it serves: `127.0.0.1:6000`.
    pub(crate) address: String,
}

impl Running {
    /// Starts a node in a folder of its own that begins without peers, and waits until it serves.
    pub(crate) fn start(dir: &Path, args: &str) -> Self {
        match Self::try_start(dir, args) {
            Ok(running) => running,
            Err((code, log)) => panic!("it ended with {code}: {log}"),
        }
    }

    /// The same on a port that is known before, so that files of it can be written.
    pub(crate) fn start_with(dir: &Path, args: &str, write: impl Fn(&Path, u16)) -> Self {
        loop {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            write(dir, port);
            match Self::try_start(dir, &format!("--port {port} {args}")) {
                Ok(running) => return running,
                // Somebody was faster.
                Err((4, _)) => {}
                Err((code, log)) => panic!("it ended with {code}: {log}"),
            }
        }
    }

    /// The same, of one that may not start: its exit code, -1 for a signal, and what it logged.
    pub(crate) fn try_start(dir: &Path, args: &str) -> Result<Self, (i32, String)> {
        Self::try_start_by(Command::new(env!("CARGO_BIN_EXE_node")), dir, args)
    }

    /// The same by a command that becomes the node.
    pub(crate) fn try_start_by(
        mut command: Command,
        dir: &Path,
        args: &str,
    ) -> Result<Self, (i32, String)> {
        let default = dir.join("peers-default.json");
        if !default.exists() {
            std::fs::write(default, "{\"peers\": []}").unwrap();
        }
        // A file never fills up, as a pipe that nobody reads does.
        let log = dir.join("node.log");
        let mut child = command
            .args(args.split_whitespace())
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let (line, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for text in out.lines() {
                let _ = line.send(text.unwrap());
            }
        });
        let mut running = Self {
            child,
            lines,
            log,
            summary: String::new(),
            address: String::new(),
        };
        loop {
            match running.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(address) = line.strip_prefix("listening on http://") {
                        running.address = address.to_owned();
                        return Ok(running);
                    }
                    running.summary += &format!("{line}\n");
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let code = running.child.wait().unwrap().code().unwrap_or(-1);
                    return Err((code, running.log()));
                }
                Err(RecvTimeoutError::Timeout) => panic!("it does not serve: {}", running.log()),
            }
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The bytes of a file that is named by its port: `blocks`, say.
    pub(crate) fn file(&self, kind: &str) -> Vec<u8> {
        let name = format!("{kind}-{}.json", self.port());
        std::fs::read(self.log.with_file_name(name)).unwrap()
    }

    /// The port that it has.
    pub(crate) fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    /// The most memory that it has had so far, in bytes, as the system says.
    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mut lines = status.lines();
        let peak = lines.find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Opens a connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes; all that comes back until the other side closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // Whoever is refused early need not take it all.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// The same, and then nothing more is sent.
    pub(crate) fn raw_and_end(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Sends a request; the status and the body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: impl AsRef<[u8]>) -> (u16, String) {
        let answer = self.raw(&request(method, path, "", body.as_ref()));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// The same of a node that may be gone; none then.
    pub(crate) fn try_ask(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, String)> {
        ask_at(&self.address, method, path, body)
    }

    /// How it is.
    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.ask("GET", "/status", "").1).unwrap()
    }

    /// Asks it to pay; the payment's id.
    pub(crate) fn pay(&self, to: &str, sum: &str) -> String {
        let body = format!("{{\"to\": \"{to}\",\"sum\": {sum}}}");
        let (status, text) = self.ask("POST", "/money", &body);
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["accepted"].as_str().unwrap().to_owned()
    }

    /// Waits until its status is as wanted.
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, || Some(self.status()).filter(&wanted))
    }

    /// Tells it to stop, and waits; the exit code, and how long it took.
    pub(crate) fn stop(mut self, signal: Signal) -> (i32, Duration) {
        let started = Instant::now();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let code = until("its end", || self.child.try_wait().unwrap());
        (code.code().unwrap_or(-1), started.elapsed())
    }

    /// Waits until it has ended by itself; the exit code, -1 for a signal.
    pub(crate) fn ended(mut self) -> i32 {
        let code = until("its end", || self.child.try_wait().unwrap());
        code.code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a node that may be gone; none if there is no whole answer.
pub(crate) fn ask_at(
    address: &str,
    method: &str,
    path: &str,
    body: &[u8],
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(&request(method, path, "", body)).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = format!("\r\ncontent-length: {}\r\n", body.len());
    let whole = format!("{}\r\n", head.to_lowercase()).contains(&length);
    whole.then_some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// The bytes of a request after which the connection is closed; each further header with its end.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
