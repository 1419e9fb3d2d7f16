//! The passphrase's prompt, at a terminal of its own.
#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use program::node;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// A terminal, and the program at it.
struct Terminal {
    master: File,
    child: Child,
    shown: String,
}

impl Terminal {
    fn start(dir: &Path, args: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = File::from(ioctl_tiocgptpeer(&master, flags).unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_node"))
            .args(args.split_whitespace())
            .current_dir(dir)
            .stdin(slave.try_clone().unwrap())
            .stderr(slave)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            master: master.into(),
            child,
            shown: String::new(),
        }
    }

    /// Waits until this was shown, anew, and types.
    fn answer(&mut self, asked: &str, typed: &str) {
        let from = self.shown.len();
        while !self.shown[from..].contains(asked) {
            assert!(self.read(), "it ended before it asked: {}", self.shown);
        }
        self.master.write_all(typed.as_bytes()).unwrap();
    }

    /// Reads what is shown next; false at the end.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 512];
        // A terminal that everybody has left can't be read.
        let count = self.master.read(&mut bytes).unwrap_or_default();
        self.shown += &String::from_utf8_lossy(&bytes[..count]);
        count > 0
    }

    /// How it ended, and all that was shown; the terminal shows again what is typed.
    fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        let modes = tcgetattr(&self.master).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ISIG));
        (self.child.wait().unwrap().code(), self.shown)
    }
}

#[test]
fn a_new_passphrase_is_asked_for_twice_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(dir.path(), "wallet new --passphrase");
    terminal.answer("New passphrase: ", "correct hoxx\x7f\x7frse\n");
    terminal.answer("The same again: ", "correct horse\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown, "New passphrase: \r\nThe same again: \r\n");

    let mut terminal = Terminal::start(dir.path(), "wallet passphrase");
    terminal.answer("Passphrase of ./wallet-6000.json: ", "correct horse\n");
    terminal.answer("New passphrase: ", "battery staple\n");
    terminal.answer("The same again: ", "battery stable\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("two passphrases"), "{shown}");

    let mut terminal = Terminal::start(dir.path(), "wallet passphrase --remove");
    terminal.answer("Passphrase of ./wallet-6000.json: ", "correct horse\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!node(dir.path(), "wallet show").out.contains("locked"));
}

#[test]
fn ctrl_c_at_the_prompt_ends_it_and_leaves_the_terminal_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    for (typed, again) in [
        ("\x03", None),
        ("correct ho\x03", None),
        ("correct horse\n", Some("\x03")),
    ] {
        let mut terminal = Terminal::start(dir.path(), "wallet new --passphrase");
        terminal.answer("New passphrase: ", typed);
        if let Some(typed) = again {
            terminal.answer("The same again: ", typed);
        }
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(3), "{shown}");
        assert!(
            shown.contains("Ctrl-C") && !shown.contains("correct"),
            "{shown}"
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
