//! How much the nodes take, and how long they take to answer.

use std::fs;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::run::World;

/// How long what is measured together lasts.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// By how much the memory of a node may grow beyond what its chain takes, in bytes: the bounds of its
/// caches (16 MiB of pages, 10 MB of signatures, 64 blocks) and what an allocator keeps.
const MEMORY_GROWTH_MAX: u64 = 32 << 20;

/// How many bytes a payment or a block that is kept may take in memory: its id, where it is, and
/// its part of the tables, which double when they are full.
const RECORD_BYTES_MAX: u64 = 1_024;

/// By how many the open files, and the threads, of a node may differ: connections of the moment.
const HANDLES_GROWTH_MAX: u64 = 32;

/// How much longer the slowest answer of a hundred may take at the end: as many times, and so much,
/// since other work on the machine comes and goes.
const LATENCY_GROWTH: (u32, Duration) = (3, Duration::from_millis(50));

/// What an answer is measured with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A payment: durable before it is answered.
    Payment,
    /// A read of bounded length.
    Read,
    /// The whole chain, whose time grows with it, and is not judged.
    Whole,
}

struct Answer {
    kind: Kind,
    begun: Instant,
    took: Duration,
    /// What should not have been.
    fault: Option<String>,
}

/// What the process of a node takes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Takes {
    pub(crate) memory: u64,
    pub(crate) files: u64,
    pub(crate) threads: u64,
}

/// What was measured in [`WINDOW`].
pub(crate) struct Window {
    at: Duration,
    takes: [Takes; 3],
    /// Payments and blocks that were acknowledged or made so far.
    records: u64,
    payments: Vec<Duration>,
    reads: Vec<Duration>,
    /// Whether something was stopped together with this process.
    is_paused: bool,
}

/// All of it.
#[derive(Default)]
pub(crate) struct Samples {
    answers: Mutex<Vec<Answer>>,
    windows: Mutex<Vec<Window>>,
    refused: Mutex<usize>,
    answered: Mutex<usize>,
}

impl Samples {
    /// Notes the answer of a node that was there all the time.
    pub(crate) fn answered(
        &self,
        kind: Kind,
        begun: Instant,
        name: &str,
        answer: io::Result<(u16, String)>,
    ) {
        let fault = match answer {
            Ok((200, _)) => None,
            // Nobody can pay more than there is.
            Ok((400, text)) if text.contains("funds") => {
                *self.refused.lock().unwrap() += 1;
                None
            }
            // What another node took need not be here yet.
            Ok((404, _)) if name.contains("/explain") => None,
            Ok((status, text)) => Some(format!("{name}: {status} {text:.300}")),
            Err(error) => Some(format!("{name}: {error}")),
        };
        self.answers.lock().unwrap().push(Answer {
            kind,
            begun,
            took: begun.elapsed(),
            fault,
        });
    }

    /// Ends a window: what was stopped together with this process counts for nothing.
    pub(crate) fn end_window(&self, world: &World) {
        let takes = [0, 1, 2].map(|n| takes(world.members[n].id()));
        let answers = std::mem::take(&mut *self.answers.lock().unwrap());
        let (mut payments, mut reads) = (Vec::new(), Vec::new());
        for answer in answers {
            if world.pauses.touch(answer.begun, answer.begun + answer.took) {
                continue;
            }
            *self.answered.lock().unwrap() += 1;
            if let Some(fault) = answer.fault {
                world.account.fault(fault);
            }
            match answer.kind {
                Kind::Payment => payments.push(answer.took),
                Kind::Read => reads.push(answer.took),
                Kind::Whole => {}
            }
        }
        let height = world.members[0].status().and_then(|s| s["height"].as_u64());
        let before = self.windows.lock().unwrap().last().map(|window| window.at);
        let since = world.begun + before.unwrap_or_default();
        let window = Window {
            at: world.begun.elapsed(),
            is_paused: world.pauses.touch(since, Instant::now()),
            takes,
            records: u64::try_from(world.account.payments()).unwrap() + height.unwrap_or(0),
            payments,
            reads,
        };
        println!("{}", window.line());
        self.windows.lock().unwrap().push(window);
    }

    /// How many requests were answered, and how many payments were refused for lack of funds.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (
            *self.answered.lock().unwrap(),
            *self.refused.lock().unwrap(),
        )
    }

    /// The heading of what is printed for each window.
    pub(crate) fn heading() -> &'static str {
        "           memory, MB         files       threads  payments      reads: half,     payments: half,\n\
         \x20          0   1   2     0   1   2     0   1   2   and blocks    99 of 100         99 of 100"
    }

    /// Says how it was at the beginning and at the end.
    pub(crate) fn print(&self) {
        let windows = self.windows.lock().unwrap();
        let (early, late) = ends(&windows);
        println!("\nthe first node, which was never started again:");
        for part in [early, late] {
            println!("{}", Summary::of(part).line());
        }
    }

    /// Checks that a node which was never started again takes no more than at the beginning, and
    /// nobody waits longer, nor a whole window for any answer.
    pub(crate) fn check(&self) {
        let windows = self.windows.lock().unwrap();
        // The last one may be short.
        let whole = &windows[..windows.len() - 1];
        let is_silent = |window: &&Window| window.reads.is_empty() && !window.is_paused;
        let silent: Vec<Duration> = { whole.iter() }.filter(is_silent).map(|w| w.at).collect();
        assert_eq!(
            silent,
            Vec::<Duration>::new(),
            "nobody was answered anything then"
        );
        let (early, late) = ends(&windows);
        let grown = Summary::of(late).grown_since(&Summary::of(early));
        assert_eq!(grown, Vec::<&str>::new());
    }
}

/// The beginning, after a sixth (minute five of thirty) in which caches fill, and the end: a sixth each.
fn ends(windows: &[Window]) -> (&[Window], &[Window]) {
    let part = (windows.len() / 6).max(1);
    let early = &windows[part.min(windows.len() - 1)..];
    (
        &early[..part.min(early.len())],
        &windows[windows.len() - part..],
    )
}

/// The middle of several windows.
struct Summary {
    at: Duration,
    /// Of the first node, which is never started again.
    takes: Takes,
    records: u64,
    reads: [Duration; 2],
    payments: [Duration; 2],
}

impl Summary {
    fn of(windows: &[Window]) -> Self {
        let middle = |of: fn(&Takes) -> u64| {
            let mut all: Vec<_> = { windows.iter() }
                .map(|window| of(&window.takes[0]))
                .collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        let last = windows.last().unwrap();
        let all = |of: fn(&Window) -> &Vec<Duration>| {
            percentiles(windows.iter().flat_map(of).copied().collect())
        };
        Self {
            at: last.at,
            takes: Takes {
                memory: middle(|takes| takes.memory),
                files: middle(|takes| takes.files),
                threads: middle(|takes| takes.threads),
            },
            records: last.records,
            reads: all(|window| &window.reads),
            payments: all(|window| &window.payments),
        }
    }

    /// What grew beyond its bound.
    fn grown_since(&self, early: &Self) -> Vec<&'static str> {
        let records = self.records - early.records;
        let memory_max = early.takes.memory + MEMORY_GROWTH_MAX + records * RECORD_BYTES_MAX;
        let (times, more) = LATENCY_GROWTH;
        let is_slow = |late: [Duration; 2], early: [Duration; 2]| late[1] > early[1] * times + more;
        [
            ("memory", self.takes.memory > memory_max),
            (
                "files",
                self.takes.files > early.takes.files + HANDLES_GROWTH_MAX,
            ),
            (
                "threads",
                self.takes.threads > early.takes.threads + HANDLES_GROWTH_MAX,
            ),
            ("reads", is_slow(self.reads, early.reads)),
            ("payments", is_slow(self.payments, early.payments)),
        ]
        .into_iter()
        .filter_map(|(name, is_grown)| is_grown.then_some(name))
        .collect()
    }

    fn line(&self) -> String {
        let Takes {
            memory,
            files,
            threads,
        } = self.takes;
        format!(
            "until {:5} s: memory {:.1} MB, files {files}, threads {threads}, payments and blocks {}, \
             reads {}, payments {}",
            self.at.as_secs(),
            megabytes(memory),
            self.records,
            both(self.reads),
            both(self.payments),
        )
    }
}

impl Window {
    fn line(&self) -> String {
        let each = |of: fn(&Takes) -> u64| -> String {
            { self.takes.iter() }
                .map(|takes| format!("{:4}", of(takes)))
                .collect()
        };
        format!(
            "{:5} s {}  {}  {}  {:9}  {}  {}",
            self.at.as_secs(),
            each(|takes| takes.memory >> 20),
            each(|takes| takes.files),
            each(|takes| takes.threads),
            self.records,
            both(percentiles(self.reads.clone())),
            both(percentiles(self.payments.clone())),
        )
    }
}

#[allow(clippy::cast_precision_loss, reason = "for the eye")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn both([middle, high]: [Duration; 2]) -> String {
    let ms = |took: Duration| took.as_secs_f64() * 1_000.0;
    format!("{:5.1}/{:6.1} ms", ms(middle), ms(high))
}

/// How long half of them take, and how long ninety-nine of a hundred.
fn percentiles(mut all: Vec<Duration>) -> [Duration; 2] {
    all.sort_unstable();
    let at = |percent: usize| {
        let index = (all.len() * percent / 100).min(all.len().saturating_sub(1));
        all.get(index).copied().unwrap_or_default()
    };
    [at(50), at(99)]
}

/// What a process takes; nothing of one that is away.
fn takes(id: Option<u32>) -> Takes {
    let Some(id) = id else {
        return Takes::default();
    };
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let value = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let word = line.and_then(|line| line.split_whitespace().next());
        word.and_then(|word| word.parse().ok()).unwrap_or(0)
    };
    let files = fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
    Takes {
        memory: value("VmRSS:") << 10,
        files: u64::try_from(files).unwrap(),
        threads: value("Threads:"),
    }
}

#[test]
fn what_grows_is_found_and_what_belongs_to_the_chain_is_no_growth() {
    let window = |memory_mb: u64, files: u64, records: u64, took_ms: u64| Window {
        at: WINDOW,
        takes: [Takes {
            memory: memory_mb << 20,
            files,
            threads: 10,
        }; 3],
        records,
        is_paused: false,
        payments: vec![Duration::from_millis(10)],
        reads: vec![Duration::from_millis(took_ms)],
    };
    let early = Summary::of(&[window(30, 20, 0, 10)]);
    for (late, grown) in [
        (window(30, 20, 0, 10), None),
        (window(62, 52, 0, 80), None),
        (window(63, 20, 0, 10), Some("memory")),
        (window(63, 20, 1_024, 10), None),
        (window(30, 53, 0, 10), Some("files")),
        (window(30, 20, 0, 81), Some("reads")),
    ] {
        let expected: Vec<_> = grown.into_iter().collect();
        assert_eq!(Summary::of(&[late]).grown_since(&early), expected);
    }
}
