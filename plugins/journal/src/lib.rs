//! Storage: the chain in one append-only JSON file that people can read.
//!
//! The file is a JSON array with one record a line, in the order in which the node accepted them:
//!
//! ```text
//! [
//! {"nr": 0,"previous_hash": "", … },
//! {"signature": … },
//!  {"nr": 1, … }
//! ]
//! ```
//!
//! * An append overwrites the closing bracket with a comma, the records and a bracket, in one
//!   write; it is valid JSON whenever no write is under way.
//! * The first record of an append stands at the start of its line, each further one behind a space.
//! * An append that a crash tore leaves a torn tail, which the next start cuts off. An append begins
//!   only after the one before is on the disk; so where none begins behind a hole, the hole lies in
//!   the last one, of which nobody heard.

mod array;
mod digest;
mod index;
mod kept;
mod lines;
mod repair;
mod salvage;
mod scan;
mod shape;
mod snapshot;
mod tail;

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};

use digest::Look;
use index::{Index, Span};
use scan::scan;
use snapshot::{Content, Kept};
use tail::{EMPTY, Tail};

pub use array::TornTail;
pub use repair::Broken;
pub use salvage::{Damaged, Found, Salvage};
pub use scan::visit_file;

/// The most bytes that [`Storage::read_many`] and [`Storage::many_at_hand`] read at once, but for a longer
/// block: so many that they make few reads, and no more than is soon used, since they do not know when
/// their visitor will have enough. A piece of a whole chain has as many.
const READ_BYTES_MAX: u64 = 64 << 10;

/// The storage in one JSON file, held by one process at a time.
///
/// * [`replay`](Storage::replay) cuts off a torn tail, with a warning in the log, and keeps a copy of
///   it if whole records are in it; damage anywhere else is an error that names the line and the byte.
/// * After a write or a sync that failed every later append fails, until the node is started again.
pub struct Journal {
    path: PathBuf,
    file: File,
    index: Index,
    /// Where the next record goes; none before the file was replayed.
    tail: Mutex<Option<Tail>>,
    snapshots: Mutex<Snapshots>,
}

impl Journal {
    /// Opens the journal, or makes an empty one, and locks it against other processes.
    ///
    /// # Errors
    /// * [`ErrorKind::InUse`] if another node has it open.
    /// * [`ErrorKind::Io`] if it can't be opened or made durable.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let failed = |what: &str, cause: io::Error| {
            let way_out = match cause.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "; let the node's user write there, or name another folder with --data-dir"
                }
                io::ErrorKind::StorageFull => "; make room and start the node again",
                _ => "",
            };
            let what = format!("the journal can't be {what}{way_out}");
            Error::new(ErrorKind::Io, what)
                .with("file", path.display())
                .because(cause)
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed("opened", error))?;
        lock(
            &file,
            &path,
            "another node has this journal open; stop that node, or start this one with another \
             --port or --data-dir",
        )?;
        let length = file
            .metadata()
            .map_err(|error| failed("opened", error))?
            .len();
        if length == 0 {
            create(&file, &path).map_err(|error| failed("created", error))?;
        }
        Ok(Self {
            path,
            file,
            index: Index::default(),
            tail: Mutex::new(None),
            snapshots: Mutex::default(),
        })
    }

    fn read_at(&self, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Io, "the journal can't be read")
                .with("file", self.path.display())
                .with("byte", offset)
                .because(cause)
        };
        let length = usize::try_from(length).map_err(|error| failed(error.into()))?;
        let mut bytes = vec![0; length];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(|error| failed(error.into()))?;
        Ok(bytes)
    }
}

impl Journal {
    /// Visits the texts of these blocks run by run, as long as `read` gives their bytes and `visit` wants
    /// more; the first that is not in the journal comes back, if that ended it.
    fn visit_runs<'a>(
        &self,
        hashes: &'a [Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
        read: impl Fn(u64, u64) -> Result<Option<Vec<u8>>, Error>,
    ) -> Result<Option<&'a Hash>, Error> {
        let spans = self.index.get_all(hashes);
        let mut next = 0;
        while let Some(Some(first)) = spans.get(next).copied() {
            let run = run_length(&spans[next..]);
            let last = spans[next + run - 1].unwrap_or(first);
            let Some(bytes) = read(first.offset, last.end() - first.offset)? else {
                return Ok(None);
            };
            for span in spans[next..next + run].iter().flatten() {
                // Both lie within what was just read, so they fit.
                let from = (span.offset - first.offset) as usize;
                if !visit(&bytes[from..from + span.length as usize]) {
                    return Ok(None);
                }
            }
            next += run;
        }
        Ok(hashes.get(next))
    }
}

/// What is known of snapshots.
#[derive(Default)]
struct Snapshots {
    /// Up to where the latest goes, or the next.
    position: Option<Tail>,
    /// The digests of the file's first pieces.
    pieces: Vec<u64>,
}

impl Journal {
    fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The snapshot's file: the journal's with another end.
    fn snapshot_path(&self) -> PathBuf {
        self.path.with_extension("snapshot")
    }

    /// Says why the snapshot does not hold.
    fn ignored(&self, why: &str) -> bool {
        tracing::warn!(
            file = %self.snapshot_path().display(),
            why,
            "the journal's snapshot is ignored, and the journal is read as a whole"
        );
        false
    }

    /// Visits the records, or those behind a tail that is known, and mends a torn end.
    fn replay_after(
        &self,
        known: Option<&Tail>,
        visit: &mut dyn FnMut(Record) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        // A replay before it may have ended early, or was of a snapshot that did not hold.
        self.index.cut(known.map_or(0, |known| known.end));
        let found = scan(&self.file, &self.path, known, &mut |_, span, record| {
            // Before the visit, so that the visitor can read what it was shown.
            self.index.insert_next(&record, span);
            visit(record)
        })?;
        self.index.settle();
        if let Some(torn) = &found.torn {
            kept::keep_torn(&self.file, &self.path, torn)?;
        }
        found.settle(&self.file).map_err(|error| {
            let what = match found.torn {
                Some(_) => "the journal's torn end can't be cut off",
                None => "the journal can't be written; see to the disk and start the node again",
            };
            Error::new(ErrorKind::Io, what)
                .with("file", self.path.display())
                .with("byte", found.tail.end)
                .because(error)
        })?;
        *tail = Some(found.tail);
        Ok(())
    }
}

/// Locks a journal against other processes, for as long as the file is open.
fn lock(file: &File, path: &Path, in_use: &'static str) -> Result<(), Error> {
    match file.try_lock() {
        // `chain repair` puts another file in its place; what is written to this one would be lost.
        Ok(()) if !is_at(file, path) => Err(Error::new(
            ErrorKind::InUse,
            "the journal was replaced while it was opened; start again",
        )
        .with("file", path.display())),
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(ErrorKind::InUse, in_use).with("file", path.display()))
        }
        Err(TryLockError::Error(error)) => {
            Err(Error::new(ErrorKind::Io, "the journal can't be locked")
                .with("file", path.display())
                .because(error))
        }
    }
}

/// Whether this is the file that the path leads to.
fn is_at(file: &File, path: &Path) -> bool {
    let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let there = fs::metadata(path).map(of);
    there.is_ok_and(|there| file.metadata().is_ok_and(|here| of(here) == there))
}

/// Makes an empty journal that outlives a crash: the file, and its name in the folder.
fn create(file: &File, path: &Path) -> io::Result<()> {
    file.write_all_at(EMPTY, 0)?;
    file.sync_all()?;
    sync_folder(path)
}

/// Makes a file's name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

impl Storage for Journal {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tail) = tail.as_mut() else {
            return Err(Error::new(
                ErrorKind::Plugin,
                "the journal must be replayed before anything is appended to it",
            )
            .with("file", self.path.display()));
        };
        let texts: Vec<&str> = records.iter().map(Record::text).collect();
        let spans = tail
            .append(&self.file, &texts)
            .map_err(|error| error.with("file", self.path.display()))?;
        self.index.insert(records, &spans);
        Ok(())
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        *self.snapshots() = Snapshots::default();
        self.replay_after(None, visit)
    }

    fn replay_rest(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        let known = self.snapshots().position.clone();
        match known {
            Some(known) => self.replay_after(Some(&known), visit),
            None => self.replay(visit),
        }
    }

    fn snapshot_position(&self) -> Option<u64> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tail.clone().filter(|tail| tail.records > 0)?;
        let end = tail.end;
        self.snapshots().position = Some(tail);
        Some(end)
    }

    fn save_snapshot(&self, position: u64, snapshot: &[u8]) -> Result<(), Error> {
        let (known, mut pieces) = {
            let snapshots = self.snapshots();
            (snapshots.position.clone(), snapshots.pieces.clone())
        };
        let Some(known) = known.filter(|known| known.end == position) else {
            return Err(Error::new(
                ErrorKind::Plugin,
                "a snapshot belongs to the position that was asked for last",
            ));
        };
        let failed = |cause| {
            Error::new(ErrorKind::Io, "the journal's snapshot can't be written")
                .with("file", self.snapshot_path().display())
                .because(cause)
        };
        digest::complete(&self.file, position, &mut pieces).map_err(failed)?;
        let content = Content {
            tail: known,
            pieces,
            places: self.index.before(position).collect(),
            state: snapshot,
        };
        snapshot::write(&self.snapshot_path(), &content).map_err(failed)?;
        self.snapshots().pieces = content.pieces;
        Ok(())
    }

    fn load_snapshot(&self, show: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let path = self.snapshot_path();
        let bytes = match snapshot::read(&path) {
            Ok(None) => return Ok(false),
            Ok(Some(bytes)) => bytes,
            Err(why) => return Ok(self.ignored(&why)),
        };
        let kept = match Kept::of(&bytes) {
            Ok(kept) => kept,
            Err(why) => return Ok(self.ignored(&why)),
        };
        let end = kept.tail.end;
        let length = self.file.metadata().map_or(0, |data| data.len());
        if length < end {
            return Ok(self.ignored("the journal is shorter than it was"));
        }
        let look = Look::at(&self.file, end, &kept.pieces);
        // The journal's bytes are looked at while the places are put into their table, and while the
        // node reads what it made of them.
        let fill = || self.index.fill(kept.places());
        let same = std::thread::scope(|scope| {
            let filling = std::thread::Builder::new().spawn_scoped(scope, || {
                fill();
                look.take_part()
            });
            // If the system gives no thread, this one does it all.
            if filling.is_err() {
                fill();
            }
            let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
            let more = (2..cores)
                .map(|_| std::thread::Builder::new().spawn_scoped(scope, || look.take_part()));
            let looking: Vec<_> = [filling].into_iter().chain(more).flatten().collect();
            show(kept.state);
            let mut same = look.take_part()?;
            for thread in looking {
                match thread.join() {
                    Ok(agrees) => same &= agrees?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok::<bool, io::Error>(same)
        });
        match same {
            Ok(true) => {}
            Ok(false) => return Ok(self.ignored("the journal is not what it was")),
            Err(error) => return Ok(self.ignored(&error.to_string())),
        }
        *self.snapshots() = Snapshots {
            position: Some(kept.tail),
            pieces: kept.pieces,
        };
        Ok(true)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        match self.index.get(hash) {
            Some(span) => self.read_at(span.offset, span.length.into()).map(Some),
            None => Ok(None),
        }
    }

    fn at_hand(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let Some(span) = self.index.get(hash) else {
            return Ok(None);
        };
        let mut bytes = vec![0; span.length as usize];
        // What went wrong, `read` will say.
        let at_once = read_at_once(&self.file, &mut bytes, span.offset);
        Ok(at_once.then_some(bytes))
    }

    fn read_many(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        let read = |offset, length| self.read_at(offset, length).map(Some);
        match self.visit_runs(hashes, visit, read)? {
            Some(missing) => Err(Error::new(
                ErrorKind::Corrupt,
                "a block of the chain is not in the journal",
            )
            .with("block", missing)
            .with("file", self.path.display())),
            None => Ok(()),
        }
    }

    fn many_at_hand(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        let read = |offset, length: u64| {
            // At most a block, or as much as is read at once.
            let mut bytes = vec![0; length as usize];
            Ok(read_at_once(&self.file, &mut bytes, offset).then_some(bytes))
        };
        self.visit_runs(hashes, visit, read).map(drop)
    }

    fn location(&self) -> Option<String> {
        Some(self.path.display().to_string())
    }
}

/// Reads what the system has in memory; false if it has not all of it there, or can't tell.
#[cfg(target_os = "linux")]
fn read_at_once(file: &File, into: &mut [u8], offset: u64) -> bool {
    use rustix::io::{ReadWriteFlags, preadv2};
    let length = into.len();
    let mut into = [io::IoSliceMut::new(into)];
    preadv2(file, &mut into, offset, ReadWriteFlags::NOWAIT).is_ok_and(|read| read == length)
}

/// Elsewhere the system can't be asked.
#[cfg(not(target_os = "linux"))]
fn read_at_once(_: &File, _: &mut [u8], _: u64) -> bool {
    false
}

/// How many of these lie one after the other, and so can be read at once; at least one.
fn run_length(spans: &[Option<Span>]) -> usize {
    let start = spans[0].map_or(0, |first| first.offset);
    let adjacent = spans.windows(2).take_while(|pair| match pair {
        [Some(a), Some(b)] => {
            let between = b.offset.checked_sub(a.end());
            between.is_some_and(|bytes| tail::SEPARATOR_BYTES.contains(&bytes))
                && b.end() - start <= READ_BYTES_MAX
        }
        _ => false,
    });
    1 + adjacent.count()
}

plugcoin_sdk::register!(Storage, "journal", |_, setup| {
    let path = setup.file("blocks").ok_or_else(|| {
        Error::new(
            ErrorKind::Configuration,
            "the journal needs a data directory for its file, and there is none; name one with \
             --data-dir, or take another storage plugin",
        )
    })?;
    Journal::open(path)
});

#[cfg(test)]
mod tests;
