//! The reader's terminal: one bash, in a folder of its own, with ports that are free.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// No command of a page takes so long; some build a crate and all beneath it.
const COMMAND: Duration = Duration::from_secs(600);

/// Printed after each command.
const END: &str = "--- the command has ended";

/// Where there is no curl, bash can do what the page needs of it.
const PRELUDE: &str = r#"
exec 2>&1
command -v curl > /dev/null || curl() { # -s [-d BODY] http://HOST:PORT/PATH
    local method=GET body= url=${!#} address
    if [ "$2" = -d ]; then method=POST body=$3; fi
    url=${url#http://} address=${url%%/*}
    exec 9<> "/dev/tcp/${address%:*}/${address#*:}" || return
    printf '%s /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' \
        "$method" "${url#*/}" "$address" "${#body}" "$body" >&9
    sed '1,/^\r$/d' <&9
}
"#;

/// A bash that takes one command after the other; what it started ends with it.
pub(crate) struct Shell {
    bash: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Shell {
    /// Starts it in a folder, with the program on its path.
    pub(crate) fn start(dir: &Path) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_node")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash")
            .current_dir(dir)
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut input = bash.stdin.take().unwrap();
        input.write_all(PRELUDE.as_bytes()).unwrap();
        let (line, lines) = channel();
        let out = BufReader::new(bash.stdout.take().unwrap());
        std::thread::spawn(move || {
            for text in out.lines() {
                let _ = line.send(text.unwrap());
            }
        });
        Self { bash, input, lines }
    }

    /// Types a command; what it prints.
    pub(crate) fn run(&mut self, command: &str) -> String {
        writeln!(self.input, "{command}\nprintf '\\n{END}\\n'").unwrap();
        let mut printed = Vec::new();
        loop {
            match self.lines.recv_timeout(COMMAND) {
                Ok(line) if line == END => break,
                Ok(line) => printed.push(line),
                Err(error) => panic!("$ {command}\n{}\n{error}", printed.join("\n")),
            }
        }
        printed.join("\n").trim_end().to_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.bash), Signal::KILL);
        let _ = self.bash.wait();
    }
}

/// The page's ports, and those that stand for them here.
pub(crate) struct Ports(Vec<(&'static str, String)>);

impl Ports {
    /// A free port for each.
    ///
    /// * Below those that the system hands out for `--port 0` and for connections, so that a port is
    ///   still free when its node starts again.
    pub(crate) fn free(page: &[&'static str]) -> Self {
        let mut found: Vec<(&str, String)> = Vec::new();
        while let Some(page) = page.get(found.len()) {
            let port = 10_000 + RandomState::new().build_hasher().finish() % 22_000;
            let port = port.to_string();
            let is_new = found.iter().all(|(_, other)| *other != port);
            if is_new && TcpListener::bind(format!("127.0.0.1:{port}")).is_ok() {
                found.push((page, port));
            }
        }
        Self(found)
    }

    /// The page's text with the ports that are taken for it.
    pub(crate) fn taken(&self, text: &str) -> String {
        let pairs = self.0.iter();
        pairs.fold(text.to_owned(), |text, (page, port)| {
            swap(&text, page, port)
        })
    }

    /// A text of this run with the page's ports.
    pub(crate) fn shown(&self, text: &str) -> String {
        let pairs = self.0.iter();
        pairs.fold(text.to_owned(), |text, (page, port)| {
            swap(&text, port, page)
        })
    }
}

/// Replaces a word wherever no letter and no digit touches it.
fn swap(text: &str, from: &str, to: &str) -> String {
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|word| {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match bare == from {
                true => word.replacen(from, to, 1),
                false => word.to_owned(),
            }
        })
        .collect()
}
