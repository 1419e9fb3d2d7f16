//! Observer: every event as a line of JSON in a file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use plugcoin_sdk::hooks::{Event, Observer};
use plugcoin_sdk::{Error, ErrorKind};
use serde::Serialize;

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct EventsOptions {
        /// How many bytes the file may have; the next line begins a new one, and one old one is kept.
        local max_bytes: u64 = 100_000_000,
    }
}

/// Appends every event to a file, as one line of JSON with its moment.
///
/// * A file that a line would make longer than the bound is set aside as `FILE.1`, in place of the
///   one that was there; so there is never more than twice the bound.
/// * Lines are written whole, one write each. What a crash tore stays a line of its own.
#[derive(Debug)]
pub struct EventsJsonl {
    path: PathBuf,
    bytes_max: u64,
    open: Mutex<Open>,
}

/// The file that is written to.
#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    time_us: i64,
    #[serde(flatten)]
    event: &'a Event,
}

impl EventsJsonl {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it can't be opened.
    pub fn open(path: impl Into<PathBuf>, bytes_max: u64) -> Result<Self, Error> {
        let path = path.into();
        let open = Open::at(&path).map_err(|error| failed(&path, "opened", error))?;
        Ok(Self {
            path,
            bytes_max,
            open: Mutex::new(open),
        })
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let length = line.len() as u64;
        if open.bytes > 0 && open.bytes.saturating_add(length) > self.bytes_max {
            let mut aside = self.path.clone().into_os_string();
            aside.push(".1");
            std::fs::rename(&self.path, aside)?;
            *open = Open::at(&self.path)?;
        }
        open.file.write_all(line)?;
        open.bytes += length;
        Ok(())
    }
}

impl Open {
    /// Opens a file for appending whole lines.
    fn at(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let mut file = options.read(true).append(true).create(true).open(path)?;
        let mut bytes = file.metadata()?.len();
        if bytes > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        Ok(Self { file, bytes })
    }
}

fn failed(
    path: &Path,
    what: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::new(ErrorKind::Io, format!("the file of events can't be {what}"))
        .with("file", path.display())
        .because(cause)
}

impl Observer for EventsJsonl {
    fn on_event(&self, event: &Event, now_us: i64) -> Result<(), Error> {
        let line = Line {
            time_us: now_us,
            event,
        };
        let mut text =
            serde_json::to_vec(&line).map_err(|error| failed(&self.path, "written", error))?;
        text.push(b'\n');
        self.write(&text)
            .map_err(|error| failed(&self.path, "written", error))
    }
}

plugcoin_sdk::register!(Observer, "events-jsonl", |options: EventsOptions, setup| {
    let path = setup.file("events").ok_or_else(|| {
        Error::new(
            ErrorKind::Configuration,
            "events-jsonl needs a data directory for its file, and there is none; name one with \
             --data-dir, or leave the plugin out",
        )
    })?;
    EventsJsonl::open(path.with_extension("jsonl"), options.max_bytes)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::Invalid;
    use plugcoin_sdk::ledger::Hash;
    use plugcoin_sdk::plugin::{Setup, compiled_in};
    use std::fs;
    use tempfile::TempDir;

    fn accepted(n: u64) -> Event {
        Event::TransactionAccepted {
            id: Hash::of(&n.to_string()),
        }
    }

    fn lines(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_bytes_of_a_line() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("events-6000.jsonl");
        let events = EventsJsonl::open(&path, 1_000).unwrap();
        let id = Hash::of("a payment");
        let reason = Invalid::new("funds", "not enough\n").required(2);
        let refused = Event::TransactionRefused { id, reason };
        events.on_event(&refused, 7).unwrap();
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            format!(
                concat!(
                    r#"{{"time_us":7,"event":"transaction-refused","id":"{}","reason":{{"rule":"funds","#,
                    r#""message":"not enough\n","required":"2","penalty":100,"transient":false}}}}"#,
                    "\n"
                ),
                id
            )
        );
    }

    #[test]
    fn a_full_file_is_set_aside_once() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("events-6000.jsonl");
        let aside = dir.path().join("events-6000.jsonl.1");
        // A line has 123 bytes, so three fit.
        let events = EventsJsonl::open(&path, 400).unwrap();
        for n in 0..7 {
            events.on_event(&accepted(n), 7).unwrap();
        }
        let line = |n: u64| {
            format!(
                r#"{{"time_us":7,"event":"transaction-accepted","id":"{}"}}"#,
                Hash::of(&n.to_string())
            )
        };
        assert_eq!(lines(&path), [line(6)]);
        assert_eq!(lines(&aside), [line(3), line(4), line(5)]);
        // What is there counts after a restart.
        drop(events);
        let events = EventsJsonl::open(&path, 400).unwrap();
        for n in 7..10 {
            events.on_event(&accepted(n), 7).unwrap();
        }
        assert_eq!(lines(&path), [line(9)]);
        assert_eq!(lines(&aside), [line(6), line(7), line(8)]);
    }

    #[test]
    fn a_line_longer_than_the_bound_is_written_all_the_same() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("events-6000.jsonl");
        let events = EventsJsonl::open(&path, 0).unwrap();
        events.on_event(&accepted(1), 7).unwrap();
        events.on_event(&accepted(2), 7).unwrap();
        assert_eq!(lines(&path).len(), 1);
    }

    #[test]
    fn a_torn_line_spoils_no_other() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("events-6000.jsonl");
        fs::write(&path, "{\"time_us\":1,\"ev").unwrap();
        let events = EventsJsonl::open(&path, 1_000).unwrap();
        events.on_event(&accepted(1), 7).unwrap();
        let lines = lines(&path);
        assert_eq!((lines.len(), lines[0].as_str()), (2, "{\"time_us\":1,\"ev"));
        assert!(lines[1].ends_with('}'));
    }

    #[test]
    fn it_is_named_by_the_port_and_needs_a_folder() {
        let registration = compiled_in()[0];
        let dir = TempDir::new().unwrap();
        let mut setup = Setup {
            plugin: registration.name.into(),
            port: 6001,
            ..Setup::default()
        };
        let error = (registration.create)(&setup).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("--data-dir"));
        setup.data_dir = Some(dir.path().to_owned());
        (registration.create)(&setup).unwrap();
        assert!(dir.path().join("events-6001.jsonl").exists());
        setup.data_dir = Some(dir.path().join("nowhere"));
        let error = (registration.create)(&setup).err().unwrap();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
