//! Observer: every event as a line of JSON in a file.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use plugcoin_sdk::hooks::{Event, Observer};
use plugcoin_sdk::{Error, ErrorKind};

/// Appends every event to a file, as one line of JSON with its moment.
#[derive(Debug)]
pub struct EventLog(Mutex<File>);

impl EventLog {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it can't be opened.
    pub fn open(path: PathBuf) -> Result<Self, Error> {
        let file = File::options().append(true).create(true).open(&path);
        let file = file.map_err(|error| {
            Error::new(ErrorKind::Io, "the log of events can't be opened")
                .with("file", path.display())
                .because(error)
        })?;
        Ok(Self(Mutex::new(file)))
    }
}

impl Observer for EventLog {
    fn on_event(&self, event: &Event, now_us: i64) -> Result<(), Error> {
        let line = serde_json::json!({ "time_us": now_us, "what": event });
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk costs the log and not the node: a failed observer is off.
        writeln!(file, "{line}").map_err(|error| {
            Error::new(ErrorKind::Io, "the log of events can't be written").because(error)
        })
    }
}

plugcoin_sdk::register!(Observer, "event-log", |_, setup| {
    let path = setup.file("event-log").ok_or_else(|| {
        Error::new(
            ErrorKind::Configuration,
            "event-log needs a data directory for its file, and there is none",
        )
    })?;
    EventLog::open(path.with_extension("jsonl"))
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::Hash;
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook_and_writes_a_line_for_each_event() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("event-log-6000.jsonl");
        let log = EventLog::open(path.clone()).unwrap();
        let id = Hash::of("a payment");
        log.on_event(&Event::TransactionAccepted { id }, 7).unwrap();
        suite::observer::check(&log);
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next().unwrap(),
            format!(r#"{{"time_us":7,"what":{{"event":"transaction-accepted","id":"{id}"}}}}"#)
        );
        assert!(lines.count() > 10);
    }
}
