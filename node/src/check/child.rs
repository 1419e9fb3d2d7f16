//! The child's part: it makes the plugin and calls it.

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plugcoin_host::{DEFAULTS, Named, Plan, PluginRequest, Registry};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::calls::{self, Call};
use plugcoin_testkit::suite::by_name::{self, Make};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use super::report::Time;
use super::{Answered, MARK, Message, Part, Task, laws};

/// Whence the calls are drawn.
const SEED: u64 = 1;

/// How long each phase of measuring takes at least.
const PHASE: Duration = Duration::from_millis(300);

/// How many times of each method are kept.
const TIMES_MAX: usize = 10_000;

/// The longest answer, or line of what a check said, that is told as it is.
const CHARACTERS_MAX: usize = 200;

/// How many lines of what a check said are told.
const WHY_LINES_MAX: usize = 6;

/// How long calls take, and what they leave in memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) times: Vec<Time>,
    pub(super) memory: Memory,
}

/// How large the process was before and after so many calls.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) before_kib: u64,
    pub(super) after_kib: u64,
    pub(super) calls: u64,
}

/// The child's part of a check: `task` is what the parent process gave as the last argument, and what
/// is found goes to `to`.
///
/// # Errors
/// [`ErrorKind::Io`] if it can't be told, or a transport gets no runtime.
pub(crate) fn answer(task: &str, mut to: impl Write) -> Result<(), Error> {
    let task: Task = serde_json::from_str(task).map_err(|_| {
        let message = "this command is for the node itself; see `node plugins check`";
        Error::new(ErrorKind::Configuration, message)
    })?;
    // Nobody else would end it, should the parent be gone: a law may hold it for ever.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // What panics here is a broken law, and is told as one.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Io, "the system gives no runtime").because(error))?;
    let _inside = runtime.enter();
    let mut tell = |message: &Message| {
        let fault =
            |error| Error::new(ErrorKind::Io, "what was found can't be told").because(error);
        let text = serde_json::to_string(message).map_err(|error| fault(error.into()))?;
        writeln!(to, "\n{MARK}{text}")
            .and_then(|()| to.flush())
            .map_err(fault)
    };
    match examine(&task, &mut tell) {
        Ok(()) => Ok(()),
        Err(error) => tell(&Message::Fault(error.to_string())),
    }
}

fn examine(task: &Task, tell: &mut dyn FnMut(&Message) -> Result<(), Error>) -> Result<(), Error> {
    let (plan, hooks) = plan(task)?;
    let make = maker(plan, task);
    match task.part {
        Part::Laws { from } => {
            for (hook, law) in laws(&hooks).into_iter().skip(from) {
                let broken = by_name::broken(hook, law, &make)?;
                tell(&Message::Law(broken.map(|why| shortened(&why))))?;
            }
            Ok(())
        }
        Part::Answers => tell(&all_answers(&hooks, &make)?),
        Part::Measure => tell(&Message::Measured(measure(&hooks, &make)?)),
    }
}

/// The plugin in its place among the defaults, and its hooks.
fn plan(task: &Task) -> Result<(Plan, Vec<HookKind>), Error> {
    let program = std::env::current_exe().map_err(|error| {
        Error::new(ErrorKind::Io, "the program does not know its own path").because(error)
    })?;
    let mut request = PluginRequest {
        plugins: vec![Named {
            plugin: task.named.clone(),
            from_nr: 0,
        }],
        set: task.set.clone(),
        data_dir: Some(task.dir.clone()),
        port: crate::config::PORT,
    };
    let registry = Registry::compiled_in()?.load(&task.loader(program), &mut request)?;
    let hooks = registry.get(&task.plugin)?.about().hooks.clone();
    Ok((registry.plan(&request, &DEFAULTS)?, hooks))
}

/// Makes the plugin in a folder for each place; place 0 is another folder each time.
fn maker(plan: Plan, task: &Task) -> Make {
    let (dir, plugin) = (task.dir.clone(), task.plugin.clone());
    let made = AtomicU64::new(0);
    let process = std::process::id();
    Arc::new(move |place| {
        let folder = match place {
            0 => format!("{process}-new-{}", made.fetch_add(1, Ordering::Relaxed)),
            place => format!("{process}-{place}"),
        };
        let folder = dir.join(folder);
        fs::create_dir_all(&folder).map_err(|error| {
            Error::new(ErrorKind::Io, "there is no folder for the plugin's files")
                .with("folder", folder.display())
                .because(error)
        })?;
        plan.make(&plugin, folder)
    })
}

/// The calls of all hooks, each hook of a plugin of its own.
fn all_calls(hooks: &[HookKind], make: &Make) -> Result<Vec<(HookKind, Vec<Call>)>, Error> {
    let of = |hook: &HookKind| {
        let plugin: Provided = make(0)?;
        let calls = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            calls::of(&plugin, *hook, SEED)
        }));
        // What can't even be prepared breaks a law, which says so.
        Ok((*hook, calls.unwrap_or_default()))
    };
    hooks.iter().map(of).collect()
}

/// What every call came to, and the first that came to something else when it was made again.
fn all_answers(hooks: &[HookKind], make: &Make) -> Result<Message, Error> {
    let mut answers = Vec::new();
    let mut changed = None;
    let again = all_calls(hooks, make)?;
    for ((hook, calls), (_, again)) in all_calls(hooks, make)?.into_iter().zip(again) {
        let label = |call: &Call| format!("{hook}.{}({})", call.method(), call.input());
        let first: Vec<String> = calls.iter().map(text).collect();
        let mut compare = |calls: &mut dyn Iterator<Item = (&Call, &String)>, when: &str| {
            for (call, before) in calls {
                let now = text(call);
                if now != *before && changed.is_none() {
                    changed = Some(format!("{}: {before}, and {now} {when}", label(call)));
                }
            }
        };
        compare(&mut again.iter().zip(&first), "of one that was just made");
        if calls::in_any_order(hook) {
            compare(&mut calls.iter().zip(&first), "the second time");
            compare(&mut calls.iter().zip(&first).rev(), "in another order");
        }
        answers.extend(calls.iter().zip(first).map(|(call, answer)| Answered {
            call: label(call),
            answer,
        }));
    }
    Ok(Message::Answers { answers, changed })
}

/// What a call comes to, as a text that is not too long.
fn text(call: &Call) -> String {
    let text = format!("{:?}", call.ask());
    let short = cut(&text);
    match short.len() == text.len() {
        true => text,
        false => format!("{short}… (SHA-256 {})", Hash::of(&text)),
    }
}

/// What a check said, of which the first lines say enough.
fn shortened(why: &str) -> String {
    let lines = why.lines().take(WHY_LINES_MAX).map(|line| {
        let short = cut(line);
        let more = if short.len() == line.len() { "" } else { "…" };
        format!("{short}{more}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text or its beginning.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(CHARACTERS_MAX);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Calls on and on, first for the times, then to be warm, then for the memory.
fn measure(hooks: &[HookKind], make: &Make) -> Result<Measured, Error> {
    let calls = all_calls(hooks, make)?;
    let calls: Vec<(HookKind, &Call)> = calls
        .iter()
        .flat_map(|(hook, calls)| calls.iter().map(|call| (*hook, call)))
        .collect();
    let times = times(&calls);
    let nothing = |_: usize, _: Duration| {};
    phase(&calls, nothing);
    let before_kib = resident_kib()?;
    let made = phase(&calls, nothing) + phase(&calls, nothing);
    Ok(Measured {
        times,
        memory: Memory {
            before_kib,
            after_kib: resident_kib()?,
            calls: made,
        },
    })
}

/// Makes all calls, and goes on for a while; how many it made.
fn phase(calls: &[(HookKind, &Call)], mut took: impl FnMut(usize, Duration)) -> u64 {
    let started = Instant::now();
    let mut made = 0;
    while !calls.is_empty() {
        for (at, (_, call)) in calls.iter().enumerate() {
            let asked = Instant::now();
            black_box(call.ask());
            took(at, asked.elapsed());
            made += 1;
            if made > calls.len() as u64 && started.elapsed() > PHASE {
                return made;
            }
        }
    }
    made
}

/// The median time of each method, in the order in which hooks and methods first come.
fn times(calls: &[(HookKind, &Call)]) -> Vec<Time> {
    let mut methods: Vec<(HookKind, &str, Vec<u64>)> = Vec::new();
    let mut method_of = Vec::with_capacity(calls.len());
    for (hook, call) in calls {
        let is_it =
            |(of, method, _): &(HookKind, &str, Vec<u64>)| (of, *method) == (hook, call.method());
        method_of.push(methods.iter().position(is_it).unwrap_or_else(|| {
            methods.push((*hook, call.method(), Vec::with_capacity(TIMES_MAX)));
            methods.len() - 1
        }));
    }
    phase(calls, |at, took| {
        let (_, _, times) = &mut methods[method_of[at]];
        if times.len() < TIMES_MAX {
            times.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
    });
    let mut times: Vec<Time> = methods
        .into_iter()
        .map(|(hook, method, mut times)| {
            times.sort_unstable();
            Time {
                hook,
                method: method.to_owned(),
                median_ns: times.get(times.len() / 2).copied().unwrap_or_default(),
                calls: times.len(),
            }
        })
        .collect();
    times.sort_by(|a, b| (a.hook, &a.method).cmp(&(b.hook, &b.method)));
    times
}

/// How much of the machine's memory the process holds, as the system tells it.
fn resident_kib() -> Result<u64, Error> {
    let fault = |why: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(
            ErrorKind::Io,
            "the system does not tell this process's size",
        )
        .because(why)
    };
    let status = fs::read_to_string("/proc/self/status").map_err(|error| fault(error.into()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kib = number.and_then(|number| number.parse().ok());
    kib.ok_or_else(|| fault("there is no VmRSS in /proc/self/status".into()))
}
