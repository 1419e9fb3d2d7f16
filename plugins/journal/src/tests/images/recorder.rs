//! [`Recorder`]: a file in memory that knows what of it a power cut may take, and that can fail.

use crate::tail::Medium;
use std::cell::{Cell, RefCell};
use std::io;

/// What a disk writes at once.
const SECTOR_BYTES: u64 = 512;

/// A change that is whole on the disk or not at all.
#[derive(Clone, Debug)]
enum Piece {
    /// These bytes at this place, within one sector.
    Bytes(u64, Vec<u8>),
    /// This length of the file.
    Length(u64),
}

impl Piece {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Bytes(offset, bytes) => {
                let from = *offset as usize;
                file.resize(file.len().max(from + bytes.len()), 0);
                file[from..from + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => file.resize(*length as usize, 0),
        }
    }
}

/// The pieces of a write, a sector each.
fn pieces(bytes: &[u8], offset: u64) -> Vec<Piece> {
    let (mut pieces, mut at, mut rest) = (Vec::new(), offset, bytes);
    while !rest.is_empty() {
        let room = (SECTOR_BYTES - at % SECTOR_BYTES) as usize;
        let (now, later) = rest.split_at(room.min(rest.len()));
        pieces.push(Piece::Bytes(at, now.to_vec()));
        at += now.len() as u64;
        rest = later;
    }
    pieces
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No sync came after it.
    Unsynced,
    /// A sync that failed came after it, so that no later one says anything of it.
    Doubtful,
    /// It is on the disk.
    Durable,
}

/// What a file may be after a power cut.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    durable: Vec<u8>,
    /// What came later, in order.
    since: Vec<(Piece, State)>,
}

impl Disk {
    /// What the system shows while it runs.
    pub(super) fn seen(&self) -> Vec<u8> {
        self.image(u32::MAX)
    }

    /// What is there if, of what may be lost, this subset is there.
    fn image(&self, subset: u32) -> Vec<u8> {
        let (mut file, mut loose) = (self.durable.clone(), 0);
        for (piece, state) in &self.since {
            let is_there = *state == State::Durable || subset >> loose & 1 == 1;
            loose += u32::from(*state != State::Durable);
            if is_there {
                piece.apply(&mut file);
            }
        }
        file
    }

    /// Every state of the file that a power cut may leave: each subset of what is not synced, with
    /// the length that all of it has or without.
    pub(super) fn reordered(&self, visit: &mut dyn FnMut(&[u8])) {
        let pieces = self.since.iter();
        let loose = pieces.filter(|(_, state)| *state != State::Durable).count();
        assert!(loose < 12, "that many subsets take too long");
        let length = self.seen().len();
        for subset in 0..1_u32 << loose {
            let mut image = self.image(subset);
            visit(&image);
            if image.len() < length {
                image.resize(length, 0);
                visit(&image);
            }
        }
    }

    /// Every state in which a process that is killed may leave the file: what was written in order,
    /// the next piece cut at any byte.
    pub(super) fn cut(&self, visit: &mut dyn FnMut(&[u8])) {
        let mut file = self.durable.clone();
        visit(&file);
        for (piece, _) in &self.since {
            if let Piece::Bytes(offset, bytes) = piece {
                for length in 1..bytes.len() {
                    let mut torn = file.clone();
                    Piece::Bytes(*offset, bytes[..length].to_vec()).apply(&mut torn);
                    visit(&torn);
                }
            }
            piece.apply(&mut file);
            visit(&file);
        }
    }

    fn sync(&mut self, worked: bool) {
        for (_, state) in &mut self.since {
            *state = match (*state, worked) {
                (State::Unsynced, true) => State::Durable,
                (State::Unsynced, false) => State::Doubtful,
                (known, _) => known,
            };
        }
        if self.since.iter().all(|(_, state)| *state == State::Durable) {
            self.durable = self.seen();
            self.since.clear();
        }
    }
}

/// What goes wrong, and at which operation, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) operation: usize,
    pub(super) kind: io::ErrorKind,
    /// Whether every operation after it fails too.
    pub(super) stays: bool,
}

/// A file in memory that writes down what it may be after every operation.
pub(super) struct Recorder {
    disk: RefCell<Disk>,
    operations: Cell<usize>,
    fault: Option<Fault>,
    /// How many records are acknowledged.
    acknowledged: Cell<usize>,
    /// After each operation and each acknowledgement: how many were acknowledged, and the disk.
    history: RefCell<Vec<(usize, Disk)>>,
}

impl Recorder {
    /// A file that has these bytes durably.
    pub(super) fn new(bytes: &[u8], fault: Option<Fault>) -> Self {
        let disk = Disk {
            durable: bytes.to_vec(),
            since: Vec::new(),
        };
        Self {
            history: RefCell::new(vec![(0, disk.clone())]),
            disk: RefCell::new(disk),
            operations: Cell::new(0),
            fault,
            acknowledged: Cell::new(0),
        }
    }

    /// The same file in the hands of the next process; nothing of it is durable that was not.
    pub(super) fn after_a_kill(disk: Disk) -> Self {
        let file = Self::new(&[], None);
        file.disk.replace(disk.clone());
        file.history.replace(vec![(0, disk)]);
        file
    }

    /// So many records are acknowledged now.
    pub(super) fn acknowledge(&self, count: usize) {
        self.acknowledged.set(count);
        self.note();
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.get()
    }

    pub(super) fn disk(&self) -> Disk {
        self.disk.borrow().clone()
    }

    pub(super) fn into_history(self) -> Vec<(usize, Disk)> {
        self.history.into_inner()
    }

    fn note(&self) {
        let now = (self.acknowledged.get(), self.disk());
        self.history.borrow_mut().push(now);
    }

    /// Does the next operation, or lets it fail: what it does then is up to it.
    fn operate(&self, operation: impl FnOnce(&mut Disk, bool)) -> io::Result<()> {
        let number = self.operations.replace(self.operations.get() + 1);
        let fault = self.fault.filter(|fault| match fault.stays {
            true => fault.operation <= number,
            false => fault.operation == number,
        });
        operation(&mut self.disk.borrow_mut(), fault.is_none());
        self.note();
        fault.map_or(Ok(()), |fault| Err(fault.kind.into()))
    }
}

impl Medium for Recorder {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.operate(|disk, works| {
            let written = if works {
                bytes
            } else {
                &bytes[..bytes.len() / 2]
            };
            let pieces = pieces(written, offset).into_iter();
            disk.since
                .extend(pieces.map(|piece| (piece, State::Unsynced)));
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.operate(|disk, works| {
            if works {
                disk.since.push((Piece::Length(length), State::Unsynced));
            }
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.operate(|disk, works| disk.sync(works))
    }
}
