//! One pass over a journal: its records, its torn tail, its damage.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::{Error, ErrorKind};

use crate::array::{Array, Found, TornTail};
use crate::index::Span;
use crate::lines::{Batch, Lines};
use crate::shape::{Shape, judge};
use crate::tail::Tail;

/// A file below this size is not worth threads.
const PARALLEL_BYTES_MIN: u64 = 1 << 20;

/// How many batches each thread has to do and done at once: one to do while another is taken.
const BATCHES_PER_THREAD: usize = 2;

/// Visits the records of a journal with their line numbers, without locking or repairing it.
///
/// * It tells of a torn tail, which the next start of the node will cut off; on a journal that a
///   node is writing to at this moment, it may be an append that is under way.
///
/// # Errors
/// * [`ErrorKind::Corrupt`] for damage anywhere else, with the line and the byte.
/// * [`ErrorKind::Io`] if it can't be read; or whatever `visit` returned.
pub fn visit_file(
    path: &Path,
    visit: &mut dyn FnMut(u64, Record) -> Result<(), Error>,
) -> Result<Option<TornTail>, Error> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let found = scan(&file, path, None, &mut |line, _, record| {
        visit(line, record)
    })?;
    Ok(found.torn)
}

/// Visits every record with its line number and its place, or those behind a tail that is known.
///
/// * The lines are judged on all cores while the records before them are visited.
pub(crate) fn scan(
    mut file: &File,
    path: &Path,
    known: Option<&Tail>,
    visit: &mut dyn FnMut(u64, Span, Record) -> Result<(), Error>,
) -> Result<Found, Error> {
    let failed = |error| unreadable(path, error);
    // What stands behind the last known record tells how its line ends.
    let (number, from) = known.map_or((0, 0), |tail| (tail.records, tail.last));
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len() - from;
    // What a node appends meanwhile is not read: its end would be seen in two states.
    let reader = BufReader::with_capacity(256 << 10, io::Read::take(file, length));
    let mut lines = Lines::after(reader, number, from);
    let mut array = known.map_or_else(Array::new, Array::from);
    let first_new = known.map_or(0, |tail| tail.end);
    std::thread::scope(|scope| {
        let threads = match length < PARALLEL_BYTES_MIN {
            true => 0,
            false => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        };
        let mut judges = Judges::start(scope, threads).map_err(failed)?;
        loop {
            while let Some(mut batch) = judges.room() {
                lines.read(&mut batch.batch).map_err(failed)?;
                if batch.batch.lines.is_empty() {
                    break;
                }
                judges.give(batch);
            }
            let Some(mut judged) = judges.take() else {
                break;
            };
            let batch = &judged.batch;
            for (line, shape) in batch.lines.iter().zip(judged.shapes.drain(..)) {
                let taken = array
                    .take(line, shape, &batch.bytes[line.bytes.clone()])
                    .map_err(|damage| damage.error(path))?;
                if let Some((span, record)) = taken
                    && span.offset >= first_new
                {
                    visit(line.number, span, record)?;
                }
            }
            judges.done_with(judged);
        }
        array
            .finish(lines.offset())
            .map_err(|damage| damage.error(path))
    })
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the journal can't be read")
        .with("file", path.display())
        .because(cause)
}

/// A batch with what each of its lines is.
#[derive(Default)]
struct Judged {
    batch: Batch,
    shapes: Vec<Shape>,
    /// The records once more. They are let go where they were made, when the batch is used again:
    /// two threads that take and give back the same memory would wait for each other.
    kept: Vec<Record>,
}

impl Judged {
    fn judge(&mut self) {
        self.kept.clear();
        self.shapes.clear();
        for line in &self.batch.lines {
            let shape = judge(line, &self.batch.bytes);
            if let Shape::Record(record, _) = &shape {
                self.kept.push(record.clone());
            }
            self.shapes.push(shape);
        }
    }
}

/// A thread that judges batches in the order in which it is given them.
struct Judge {
    to_do: Sender<Judged>,
    done: Receiver<Judged>,
    /// What it did and is done with, to be used again.
    spare: Vec<Judged>,
}

/// The threads that judge batches: each in turn, so that what they did comes in order too.
struct Judges {
    threads: Vec<Judge>,
    given: usize,
    taken: usize,
    /// What is judged here, if there are no threads.
    here: Option<Judged>,
}

impl Judges {
    fn start<'scope>(scope: &'scope Scope<'scope, '_>, threads: usize) -> io::Result<Self> {
        let start = |_| {
            let (to_do, given) = channel::<Judged>();
            let (judged, done) = channel();
            let work = move || {
                for mut batch in given {
                    batch.judge();
                    if judged.send(batch).is_err() {
                        return;
                    }
                }
            };
            let named = std::thread::Builder::new().name("journal".to_owned());
            named.spawn_scoped(scope, work)?;
            Ok(Judge {
                to_do,
                done,
                spare: Vec::new(),
            })
        };
        Ok(Self {
            threads: (0..threads).map(start).collect::<io::Result<_>>()?,
            given: 0,
            taken: 0,
            here: None,
        })
    }

    /// A batch to be filled; none while there is enough to do.
    fn room(&mut self) -> Option<Judged> {
        let threads = self.threads.len();
        if self.given - self.taken >= (threads * BATCHES_PER_THREAD).max(1) {
            return None;
        }
        let spare = match threads {
            0 => self.here.take(),
            _ => self.threads[self.given % threads].spare.pop(),
        };
        Some(spare.unwrap_or_default())
    }

    fn give(&mut self, mut batch: Judged) {
        match self.threads.len() {
            0 => {
                batch.judge();
                self.here = Some(batch);
            }
            // A thread ends early only by a panic, which ends the scope as well.
            threads => drop(self.threads[self.given % threads].to_do.send(batch)),
        }
        self.given += 1;
    }

    /// The next batch in the order in which they were given; none if none is left.
    fn take(&mut self) -> Option<Judged> {
        if self.taken == self.given {
            return None;
        }
        match self.threads.len() {
            0 => self.here.take(),
            threads => self.threads[self.taken % threads].done.recv().ok(),
        }
    }

    /// Gives back the batch that was taken.
    fn done_with(&mut self, batch: Judged) {
        match self.threads.len() {
            0 => self.here = Some(batch),
            threads => self.threads[self.taken % threads].spare.push(batch),
        }
        self.taken += 1;
    }
}
