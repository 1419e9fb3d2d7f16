//! One pass over a journal: its records, its torn tail, its damage.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
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

/// How many batches there are at once for each core: one to do while another is taken.
const BATCHES_PER_CORE: usize = 2;

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
    let mut lines = Lines::after(file.take(length), number, from);
    let mut array = known.map_or_else(Array::new, Array::from);
    let first_new = known.map_or(0, |tail| tail.end);
    std::thread::scope(|scope| {
        let cores = match length < PARALLEL_BYTES_MIN {
            true => 1,
            false => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        };
        let mut judges = Judges::start(scope, cores).map_err(failed)?;
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
            judges.spare.push(judged);
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
}

/// Judges batches on one thread.
#[derive(Default)]
struct Judge {
    /// The records of the latest batches once more, with the batches' numbers. They are let go where
    /// they were made: two threads that take and give back the same memory would wait for each other.
    kept: VecDeque<(usize, Vec<Record>)>,
}

impl Judge {
    /// Judges the batch of this number; those that are so far behind it were visited.
    fn judge(&mut self, number: usize, judged: &mut Judged, behind: usize) {
        let mut kept = Vec::new();
        while let Some((_, records)) = self.kept.pop_front_if(|(old, _)| *old + behind <= number) {
            kept = records;
            kept.clear();
        }
        for line in &judged.batch.lines {
            let shape = judge(line, &judged.batch.bytes);
            if let Shape::Record(record, _) = &shape {
                kept.push(record.clone());
            }
            judged.shapes.push(shape);
        }
        self.kept.push_back((number, kept));
    }
}

/// A batch to be judged, with its number, and where it goes then.
type Due = (usize, Judged, Sender<Judged>);

/// The batches on their way, in the order of the file, and who judges them: a thread for each core but
/// one, and the thread that takes them, which judges one itself where it would have to wait.
struct Judges {
    give: Sender<Due>,
    due: Arc<Mutex<Receiver<Due>>>,
    /// How many were given.
    count: usize,
    /// Where each that was given and not taken comes out.
    given: VecDeque<Receiver<Judged>>,
    /// What was taken and is done with, to be used again.
    spare: Vec<Judged>,
    here: Judge,
    batches_max: usize,
}

impl Judges {
    fn start<'scope>(scope: &'scope Scope<'scope, '_>, cores: usize) -> io::Result<Self> {
        let (give, due) = channel::<Due>();
        let due = Arc::new(Mutex::new(due));
        let batches_max = match cores {
            1 => 1,
            cores => cores * BATCHES_PER_CORE,
        };
        for _ in 1..cores {
            let due = due.clone();
            let work = move || {
                let mut judge = Judge::default();
                while let Some((number, mut batch, done)) = next(&due) {
                    judge.judge(number, &mut batch, batches_max);
                    // Nobody takes it any more if the pass ended early.
                    let _ = done.send(batch);
                }
            };
            let named = std::thread::Builder::new().name("journal".to_owned());
            named.spawn_scoped(scope, work)?;
        }
        Ok(Self {
            give,
            due,
            count: 0,
            given: VecDeque::new(),
            spare: Vec::new(),
            here: Judge::default(),
            batches_max,
        })
    }

    /// A batch to be filled; none while there is enough to do.
    fn room(&mut self) -> Option<Judged> {
        (self.given.len() < self.batches_max).then(|| self.spare.pop().unwrap_or_default())
    }

    fn give(&mut self, batch: Judged) {
        let (done, judged) = channel();
        self.given.push_back(judged);
        // This struct has the other end, too.
        let _ = self.give.send((self.count, batch, done));
        self.count += 1;
    }

    /// The next batch in the order in which they were given; none if none is left.
    fn take(&mut self) -> Option<Judged> {
        let next = self.given.pop_front()?;
        loop {
            match next.try_recv() {
                Ok(judged) => return Some(judged),
                // A thread's panic ends the scope as well.
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            // The lock is with another thread only while it takes one, or waits for one.
            let due = self.due.try_lock().ok().and_then(|due| due.try_recv().ok());
            let Some((number, mut batch, done)) = due else {
                return next.recv().ok();
            };
            self.here.judge(number, &mut batch, self.batches_max);
            let _ = done.send(batch);
        }
    }
}

/// The next batch that nobody judges yet, after waiting for it; none: there will be none.
fn next(due: &Mutex<Receiver<Due>>) -> Option<Due> {
    let due = due.lock().unwrap_or_else(PoisonError::into_inner);
    due.recv().ok()
}
