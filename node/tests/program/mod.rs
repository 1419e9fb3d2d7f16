//! Running the program in a folder of its own, and a stand-in for a node.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod libraries;
pub(crate) mod peer;
pub(crate) mod running;
pub(crate) mod unmoved;
pub(crate) mod world;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a run printed, and how it ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// All of it as one text for a snapshot.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, stream) in [("out", &self.out), ("err", &self.err)] {
            if !stream.is_empty() {
                text += &format!("--- {name}\n{stream}");
            }
        }
        text
    }
}

/// Runs the program in a folder, with arguments separated by spaces.
pub(crate) fn node(dir: &Path, args: &str) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_node"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Starts the program in a folder, and waits for nothing.
pub(crate) fn spawn(dir: &Path, args: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_node"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Answers HTTP requests with whatever a function says of them; returns the address.
pub(crate) fn serve(answer: impl Fn(&str, &str) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            exchange(stream.unwrap(), &answer);
        }
    });
    address
}

fn exchange(stream: TcpStream, answer: &impl Fn(&str, &str) -> (u16, String)) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request = first.rsplit_once(' ').unwrap().0;
    let (status, text) = answer(request, &String::from_utf8(body).unwrap());
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let mut stream = reader.into_inner();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
}
