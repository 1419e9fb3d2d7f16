//! `node plugins check`: what a plugin does, judged by the laws of its hooks.
//!
//! * [`report`]: what is found, as data.
//! * `child`: the part that calls the plugin, in a process of its own, which the plugin may end.

mod child;
pub mod report;

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use plugcoin_host::{Loader, Named, Pin, Plugin, PluginRequest, Registry, Setting};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::suite::by_name;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

pub(crate) use child::answer;
use report::{Grade, HookReport, LawReport, PluginReport, Report};

/// How long a child may be silent: far more than any law takes.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The least time between the two processes whose answers must be the same: clocks differ by then.
const APART: Duration = Duration::from_millis(1_100);

/// By how much the memory may grow, in KiB: less than a leak of some bytes a call makes of it.
const GROWTH_KIB_MAX: u64 = 1_024;

/// What stands before what a child says; a plugin may print what it likes beside it.
const MARK: &str = "plugcoin-check ";

/// What a child is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Task {
    /// The plugin, by its name or as PATH:NAME.
    named: String,
    /// Its name.
    plugin: String,
    /// What its file must be, if it has one.
    digest: Option<String>,
    set: Vec<Setting>,
    /// A folder of its own, which is thrown away.
    dir: PathBuf,
    part: Part,
}

/// A part of a check.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// The laws from this one on, one message for each.
    Laws { from: usize },
    /// One message, [`Message::Answers`].
    Answers,
    /// One message, [`Message::Measured`].
    Measure,
}

/// What a child says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// How the next law is broken, if it is.
    Law(Option<String>),
    /// What many calls came to, and which of them came to something else when it was made again.
    Answers {
        answers: Vec<Answered>,
        changed: Option<String>,
    },
    /// How long calls take, and what they leave in memory.
    Measured(child::Measured),
    /// The plugin can't be made.
    Fault(String),
}

/// A call and what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    call: String,
    answer: String,
}

/// The laws of these hooks, in their order.
fn laws(hooks: &[HookKind]) -> Vec<(HookKind, &'static str)> {
    let of = |hook: HookKind| {
        let names = by_name::names(hook).into_iter();
        names.map(move |law| (hook, law))
    };
    hooks.iter().copied().flat_map(of).collect()
}

/// Checks a plugin, or all that lie in a file.
///
/// * Nothing of a plugin is called in this process but what a node calls to load it.
///
/// # Errors
/// [`ErrorKind::Configuration`] if there is no such plugin, its file does not fit, or it refuses its
/// options.
pub fn check(named: &Named, set: &[Setting], loader: &Loader) -> Result<Report, Error> {
    if named.from_nr != 0 {
        let message = format!("{named} has a height; a check takes a plugin as it is everywhere");
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let mut request = PluginRequest {
        plugins: vec![named.clone()],
        set: set.to_vec(),
        ..PluginRequest::default()
    };
    let registry = Registry::compiled_in()?.load(loader, &mut request)?;
    let plugins = request
        .plugins
        .iter()
        .map(|named| registry.get(&named.plugin))
        .collect::<Result<Vec<_>, _>>()?;
    let stranger = |setting: &&Setting| plugins.iter().all(|p| p.name() != setting.plugin);
    if let Some(setting) = set.iter().find(stranger) {
        let names: Vec<&str> = plugins.iter().map(Plugin::name).collect();
        return Err(Error::new(
            ErrorKind::Configuration,
            format!(
                "{setting} is set, and what is checked is {}",
                names.join(", ")
            ),
        ));
    }
    let plugins = plugins
        .iter()
        .map(|plugin| of_plugin(plugin, set, &loader.program))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Report {
        kept: plugins.iter().all(|plugin| plugin.kept),
        plugins,
    })
}

fn of_plugin(plugin: &Plugin, set: &[Setting], program: &Path) -> Result<PluginReport, Error> {
    let fault = |error| {
        Error::new(ErrorKind::Io, "there is no folder for the check's files").because(error)
    };
    let dir = tempfile::tempdir().map_err(fault)?;
    let about = plugin.about();
    let name = plugin.name();
    let file = match plugin.file() {
        Some(file) => Some((
            file.path.canonicalize().map_err(fault)?,
            file.digest.clone(),
        )),
        None => None,
    };
    let task = |part| Task {
        named: match &file {
            Some((path, _)) => format!("{}:{name}", path.display()),
            None => name.to_owned(),
        },
        plugin: name.to_owned(),
        digest: file.as_ref().map(|(_, digest)| digest.clone()),
        set: set
            .iter()
            .filter(|setting| setting.plugin == name)
            .cloned()
            .collect(),
        dir: dir.path().to_owned(),
        part,
    };
    let first = answers(program, &task(Part::Answers))?;
    let answered = Instant::now();
    let hooks = hook_reports(program, &about.hooks, |from| task(Part::Laws { from }))?;
    let (memory, times) = measure(program, &task(Part::Measure))?;
    thread::sleep(APART.saturating_sub(answered.elapsed()));
    let apart = answered.elapsed();
    let second = answers(program, &task(Part::Answers))?;
    let same_answers = first.same_answers();
    let two_processes = first.like(&second, apart);
    let law_kept = |hook: &HookReport| hook.laws.iter().all(|law| law.kept);
    Ok(PluginReport {
        name: name.to_owned(),
        version: about.version.clone(),
        form: plugin.form(),
        digest: file.map(|(_, digest)| digest),
        kept: hooks.iter().all(law_kept)
            && [&same_answers, &two_processes, &memory]
                .iter()
                .all(|grade| grade.kept),
        hooks,
        same_answers,
        two_processes,
        memory,
        times,
    })
}

/// Checks all laws; a law that ends the process is broken, and the next one is checked in another.
fn hook_reports(
    program: &Path,
    hooks: &[HookKind],
    task: impl Fn(usize) -> Task,
) -> Result<Vec<HookReport>, Error> {
    let laws = laws(hooks);
    let mut broken: Vec<Option<String>> = Vec::with_capacity(laws.len());
    while broken.len() < laws.len() {
        let said = run(program, &task(broken.len()))?;
        for message in said.messages {
            match message {
                Message::Law(words) => broken.push(words),
                Message::Fault(why) => return Err(Error::new(ErrorKind::Configuration, why)),
                _ => {}
            }
        }
        broken.truncate(laws.len());
        if broken.len() < laws.len() {
            broken.push(Some(format!("its process {}", said.end)));
        }
    }
    let mut outcomes = laws.into_iter().zip(broken);
    Ok(hooks
        .iter()
        .map(|hook| HookReport {
            hook: *hook,
            laws: outcomes
                .by_ref()
                .take(by_name::names(*hook).len())
                .map(|((_, law), why)| LawReport {
                    law: law.to_owned(),
                    kept: why.is_none(),
                    why,
                })
                .collect(),
        })
        .collect())
}

/// What many calls came to in one process, or how that ended.
struct Answers(Result<(Vec<Answered>, Option<String>), String>);

fn answers(program: &Path, task: &Task) -> Result<Answers, Error> {
    let said = run(program, task)?;
    match said.messages.into_iter().next() {
        Some(Message::Answers { answers, changed }) => Ok(Answers(Ok((answers, changed)))),
        Some(Message::Fault(why)) => Err(Error::new(ErrorKind::Configuration, why)),
        _ => Ok(Answers(Err(format!("its process {}", said.end)))),
    }
}

/// What is said where no calls are compared.
const NO_CALLS: &str = "not asked: what a transport answers is what its peers do";

impl Answers {
    fn same_answers(&self) -> Grade {
        match &self.0 {
            Ok((answers, None)) if answers.is_empty() => Grade::kept(NO_CALLS),
            Ok((answers, None)) => Grade::kept(format!(
                "{} calls, each made again, and in another order",
                answers.len()
            )),
            Ok((_, Some(changed))) => Grade::broken(changed),
            Err(end) => Grade::broken(end),
        }
    }

    fn like(&self, other: &Self, apart: Duration) -> Grade {
        let ((first, _), (second, _)) = match (&self.0, &other.0) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(end), _) | (_, Err(end)) => return Grade::broken(end),
        };
        let apart_ms = apart.as_millis();
        let pairs = first.iter().zip(second);
        let mut differing = pairs.filter(|(first, second)| first != second);
        match differing.next() {
            _ if first.len() != second.len() => Grade::broken(
                "the calls that the kit makes of its answers were others in the second process",
            ),
            Some((first, second)) => Grade::broken(format!(
                "{}: {} in one process, {} in another, {apart_ms} ms later",
                first.call, first.answer, second.answer
            )),
            None if first.is_empty() => Grade::kept(NO_CALLS),
            None => Grade::kept(format!(
                "{} calls in each, {apart_ms} ms apart",
                first.len()
            )),
        }
    }
}

/// What calls leave in memory, and how long they take.
fn measure(program: &Path, task: &Task) -> Result<(Grade, Vec<report::Time>), Error> {
    let said = run(program, task)?;
    let measured = match said.messages.into_iter().next() {
        Some(Message::Measured(measured)) => measured,
        Some(Message::Fault(why)) => return Err(Error::new(ErrorKind::Configuration, why)),
        _ => {
            let end = format!("its process {}", said.end);
            return Ok((Grade::broken(end), Vec::new()));
        }
    };
    let child::Memory {
        before_kib,
        after_kib,
        calls,
    } = measured.memory;
    let words = format!(
        "{before_kib} KiB when warm, {after_kib} KiB after {calls} calls more; {GROWTH_KIB_MAX} KiB \
         more may be chance"
    );
    let memory = match after_kib.saturating_sub(before_kib) <= GROWTH_KIB_MAX {
        true => Grade::kept(words),
        false => Grade::broken(words),
    };
    Ok((memory, measured.times))
}

/// What a child said, and how it ended.
struct Said {
    messages: Vec<Message>,
    end: String,
}

/// Has a child of this program do a part of the check.
fn run(program: &Path, task: &Task) -> Result<Said, Error> {
    let fault = |error: std::io::Error| {
        Error::new(
            ErrorKind::Io,
            "the process that checks a plugin can't be run",
        )
        .because(error)
    };
    let task_text = serde_json::to_string(task).map_err(|error| fault(error.into()))?;
    let mut child = Command::new(program)
        .args(["plugins", "check-part", &task_text])
        .current_dir(&task.dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Whatever it leaves behind can be ended with it.
        .process_group(0)
        .spawn()
        .map_err(fault)?;
    let (line, lines) = channel();
    let out = child.stdout.take();
    // It ends with the child's end of the pipe, which a process of the plugin's may hold longer.
    thread::spawn(move || {
        let lines = out
            .into_iter()
            .flat_map(|out| BufReader::new(out).split(b'\n'));
        for text in lines.map_while(Result::ok) {
            if line.send(text).is_err() {
                return;
            }
        }
    });
    let mut messages = Vec::new();
    let end = loop {
        match lines.recv_timeout(SILENCE_MAX) {
            Ok(line) => {
                let text = String::from_utf8_lossy(&line);
                let message = text.strip_prefix(MARK);
                messages.extend(message.and_then(|text| serde_json::from_str(text).ok()));
            }
            Err(RecvTimeoutError::Disconnected) => {
                end_group(&child);
                break end_of(child.wait().map_err(fault)?);
            }
            Err(RecvTimeoutError::Timeout) => {
                end_group(&child);
                child.wait().map_err(fault)?;
                break format!("came to nothing in {} s", SILENCE_MAX.as_secs());
            }
        }
    };
    Ok(Said { messages, end })
}

/// Ends a child with all that it started; until it is waited for, its number is nobody else's.
fn end_group(child: &Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// How a process ended, in words.
fn end_of(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, Some(code)) => format!("ended with {code} and without an answer"),
        (None, None) => "ended without an answer".to_owned(),
    }
}

impl Task {
    /// How the plugin is loaded in the child.
    fn loader(&self, program: PathBuf) -> Loader {
        Loader {
            dir: None,
            trial: Loader::TRIAL,
            program,
            pins: self
                .digest
                .iter()
                .map(|digest| Pin {
                    plugin: self.named.clone(),
                    digest: digest.clone(),
                })
                .collect(),
        }
    }
}
