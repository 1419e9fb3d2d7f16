//! The commands of docs/walkthrough.md, typed by a machine: the page can't rot.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "walkthrough/output.rs"]
mod output;
#[path = "walkthrough/shell.rs"]
mod shell;

use std::path::Path;
use std::time::{Duration, Instant};

use output::Names;
use shell::{Ports, Shell};
use tempfile::tempdir;

const PAGE: &str = "docs/walkthrough.md";

/// How long a block marked `wait` may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of the page, and what it prints there.
struct Typed<'a> {
    line: usize,
    command: &'a str,
    output: Vec<&'a str>,
    /// Whether it is typed again until it prints that.
    wait: bool,
}

/// The commands of the blocks ```` ```console ```` and ```` ```console wait ````; every other block
/// is for the reader alone.
fn commands(page: &str) -> Vec<Typed<'_>> {
    let mut commands: Vec<Typed<'_>> = Vec::new();
    let mut block = None;
    for (index, line) in page.lines().enumerate() {
        if let Some(fence) = line.strip_prefix("```") {
            block = match (block, fence) {
                (None, fence) => Some(fence),
                (Some(_), _) => None,
            };
        } else if let Some(fence @ ("console" | "console wait")) = block {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push(Typed {
                    line: index + 1,
                    command,
                    output: Vec::new(),
                    wait: fence == "console wait",
                }),
                None => commands.last_mut().unwrap().output.push(line),
            }
        }
    }
    commands
}

#[test]
fn the_page_tells_the_truth() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    let page = std::fs::read_to_string(path).unwrap();
    let commands = commands(&page);
    assert!(commands.len() > 40, "the page has lost its commands");
    let dir = tempdir().unwrap();
    let ports = Ports::free(&["6000", "6001", "6002"]);
    std::fs::write(
        dir.path().join("peers-default.json"),
        ports.taken(include_str!("../../peers-default.json")),
    )
    .unwrap();
    let mut shell = Shell::start(dir.path());
    let mut names = Names::default();
    for typed in commands {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = ports.shown(&shell.run(&ports.taken(typed.command)));
            if let Some(now) = names.agree(&typed.output, &printed) {
                names = now;
                break;
            }
            assert!(
                typed.wait && Instant::now() < deadline,
                "{PAGE}, line {}:\n$ {}\n{}\n\nIt printed:\n{printed}\n\nThe nodes' logs:\n{}",
                typed.line,
                typed.command,
                typed.output.join("\n"),
                ports.shown(&shell.run("tail -n 20 *.log")),
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn only_the_commands_of_console_blocks_are_typed() {
    let page = "a\n```sh\n$ no\n```\n```console\n$ one\nits output\n$ two\n```\nb\n```console wait\n$ three\n```";
    let found: Vec<_> = commands(page)
        .into_iter()
        .map(|typed| (typed.line, typed.command, typed.output.len(), typed.wait))
        .collect();
    assert_eq!(
        found,
        [
            (6, "one", 1, false),
            (8, "two", 0, false),
            (12, "three", 0, true)
        ]
    );
}
