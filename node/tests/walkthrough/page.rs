//! A page whose commands are typed by a machine.

use std::time::{Duration, Instant};

use super::output::Names;
use super::shell::{Ports, Shell};

/// How long a block marked `wait` may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of the page, and what it prints there.
pub(crate) struct Typed<'a> {
    pub(crate) line: usize,
    pub(crate) command: &'a str,
    pub(crate) output: Vec<&'a str>,
    /// Whether it is typed again until it prints that.
    pub(crate) wait: bool,
}

/// The commands of the blocks ```` ```console ```` and ```` ```console wait ````; every other block
/// is for the reader alone.
pub(crate) fn commands(page: &str) -> Vec<Typed<'_>> {
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

/// Types all commands of a page, each of which must print what stands there.
pub(crate) fn follow(page: &str, text: &str, shell: &mut Shell, ports: &Ports) {
    let mut names = Names::default();
    for typed in commands(text) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = ports.shown(&shell.run(&ports.taken(typed.command)));
            if let Some(now) = names.agree(&typed.output, &printed) {
                names = now;
                break;
            }
            assert!(
                typed.wait && Instant::now() < deadline,
                "{page}, line {}:\n$ {}\n{}\n\nIt printed:\n{printed}\n\nThe nodes' logs:\n{}",
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
