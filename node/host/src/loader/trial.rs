//! The trial: a child process opens a library first, makes its plugins and calls them, so that a
//! library which ends the process that opens it ends only the child.

use std::io::{Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use plugcoin_sdk::plugin::Setup;
use plugcoin_sdk::{Error, ErrorKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, set_parent_process_death_signal,
};
use serde::{Deserialize, Serialize};

use super::first_calls;
use super::sealed::{self, Sealed};
use crate::plan;
use crate::plugin::{LoadedFile, Plugin};
use crate::request::Setting;

/// How long a child's words may take to come after its end: they are in the pipe already.
const WORDS: Duration = Duration::from_secs(1);

/// How much of a child's words is kept: the last ones.
const WORDS_BYTES_MAX: usize = 64 << 10;

/// What stands before the child's answer; a plugin may print what it likes beside it.
const MARK: &str = "plugcoin-trial ";

/// What the child is asked.
#[derive(Serialize, Deserialize)]
struct Request {
    /// What people call the file.
    path: PathBuf,
    set: Vec<Setting>,
    tried: Tried,
    /// A folder of its own, which is thrown away.
    data_dir: PathBuf,
}

/// Which plugins of a library must start.
///
/// * All are made in the trial: whatever is loaded could end the process.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tried {
    All,
    One(String),
    Nothing,
}

impl Tried {
    fn counts(&self, plugin: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(name) => name == plugin,
            Self::Nothing => false,
        }
    }
}

/// What the child answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Fits,
    /// It does not, and why.
    Refuses(String),
}

/// Tries a library in a child process.
pub(super) fn run(
    program: &Path,
    path: &Path,
    sealed: &Sealed,
    (set, tried): (&[Setting], Tried),
    limit: Duration,
) -> Result<(), Error> {
    let fault = |error: std::io::Error| {
        let message = format!("{} can't be tried before it is loaded", path.display());
        Error::new(ErrorKind::Io, message).because(error)
    };
    let data_dir = tempfile::tempdir().map_err(fault)?;
    let request = Request {
        path: path.to_owned(),
        set: set.to_vec(),
        tried,
        data_dir: data_dir.path().to_owned(),
    };
    let request = serde_json::to_string(&request).map_err(|error| fault(error.into()))?;
    let child = Command::new(program)
        .args(["plugins", "trial", &request])
        .stdin(Stdio::from(sealed.for_child().map_err(fault)?))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Whatever it leaves behind can be ended with it.
        .process_group(0)
        .spawn()
        .map_err(fault)?;
    let ended = wait(child, limit).map_err(fault)?;
    let answer = ended.output.lines().rev().find_map(|line| {
        let answer = line.strip_prefix(MARK)?;
        serde_json::from_str::<Answer>(answer).ok()
    });
    let why = match (answer, ended.status) {
        (Some(Answer::Fits), Some(status)) if status.success() => return Ok(()),
        (Some(Answer::Refuses(why)), _) => why,
        (_, None) => format!(
            "{} can't be loaded: expected that it opens at once, found that it takes more than {} s",
            path.display(),
            limit.as_secs_f64()
        ),
        (_, Some(status)) => format!(
            "{} can't be loaded: expected that it opens, found that a trial process {}{}",
            path.display(),
            end_of(status),
            ended.last_words()
        ),
    };
    Err(Error::new(ErrorKind::Configuration, why))
}

/// How a process ended, in words.
fn end_of(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, Some(code)) => format!("ended with {code} and no answer"),
        (None, None) => "ended".to_owned(),
    }
}

struct Ended {
    /// None if it was stopped after its time.
    status: Option<ExitStatus>,
    output: String,
    errors: String,
}

impl Ended {
    /// The last line on its standard error, if there is one.
    fn last_words(&self) -> String {
        let last = self
            .errors
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty());
        last.map(|line| {
            let line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
            format!(" (it said: {line})")
        })
        .unwrap_or_default()
    }
}

/// Waits for a child, and reads what it says, for so long and so much.
fn wait(mut child: Child, limit: Duration) -> std::io::Result<Ended> {
    let output = Words::of(child.stdout.take());
    let errors = Words::of(child.stderr.take());
    let pid = Pid::from_child(&child);
    let in_time = ends(pid, limit);
    // Until it is waited for, its number is nobody else's.
    let _ = kill_process_group(pid, Signal::KILL);
    let status = child.wait()?;
    Ok(Ended {
        status: in_time?.then_some(status),
        output: output.text(),
        errors: errors.text(),
    })
}

/// Whether a child ends in time; what it does with its output tells nothing of that.
fn ends(pid: Pid, limit: Duration) -> std::io::Result<bool> {
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(std::io::Error::other)?;
        let mut polled = [PollFd::new(&process, PollFlags::IN)];
        match poll(&mut polled, Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a child says.
struct Words {
    last: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Words {
    fn of(from: Option<impl Read + Send + 'static>) -> Self {
        let last = Arc::new(Mutex::new(Vec::new()));
        let (done, end) = channel();
        let kept = last.clone();
        thread::spawn(move || {
            let mut part = [0; 4096];
            let mut from = from;
            // What can't be read is not said.
            while let Some(Ok(len @ 1..)) = from.as_mut().map(|from| from.read(&mut part)) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&part[..len]);
                let too_many = kept.len().saturating_sub(WORDS_BYTES_MAX);
                kept.drain(..too_many);
            }
            let _ = done.send(());
        });
        Self { last, end }
    }

    /// The last of what it said; a process that it left behind may hold the pipe, and is not waited for.
    fn text(self) -> String {
        let _ = self.end.recv_timeout(WORDS);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&last).into_owned()
    }
}

/// The child's part: opens the library on its standard input, makes each plugin in it, and calls it.
///
/// * `request` is what the parent process gave as the last argument.
/// * The answer goes to `to`.
///
/// # Errors
/// [`ErrorKind::Configuration`] if the request is none, [`ErrorKind::Io`] if the answer can't be
/// written.
pub fn answer_trial(request: &str, mut to: impl Write) -> Result<(), Error> {
    // Nobody else would end it, should the parent be gone.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let request: Request = serde_json::from_str(request).map_err(|_| {
        let message = "this command is for the node itself, which tries a library before it loads \
                       it; see `node plugins check`";
        Error::new(ErrorKind::Configuration, message)
    })?;
    let answer = match try_all(&request) {
        Ok(()) => Answer::Fits,
        Err(error) => Answer::Refuses(error.to_string()),
    };
    let fault =
        |error| Error::new(ErrorKind::Io, "the trial's answer can't be told").because(error);
    let answer = serde_json::to_string(&answer)
        .map_err(|error| Error::new(ErrorKind::Io, "the answer can't be written").because(error))?;
    writeln!(to, "\n{MARK}{answer}").map_err(fault)
}

fn try_all(request: &Request) -> Result<(), Error> {
    let path = &request.path;
    let library = sealed::open("/proc/self/fd/0", path)?;
    let about = library
        .about()
        .map_err(|error| super::of_file(path, error))?;
    super::check_about(path, &about)?;
    for about in about {
        let file = LoadedFile {
            path: path.clone(),
            digest: String::new(),
        };
        let plugin = Plugin::loaded(about, library, file);
        let mut setup = Setup {
            plugin: plugin.name().to_owned(),
            data_dir: Some(request.data_dir.clone()),
            port: 1,
            ..Setup::default()
        };
        let of_plugin = |setting: &&Setting| setting.plugin == plugin.name();
        for setting in request.set.iter().filter(of_plugin) {
            let value = plan::read(&plugin, setting)?;
            setup.values.push((setting.option.clone(), value));
        }
        plugin.resolve(&setup)?;
        // How it refuses is tried too.
        let mut unknown = setup.clone();
        unknown.values.push((String::new(), 0.into()));
        let _ = plugin.resolve(&unknown);
        match plugin.create(&setup) {
            Ok(made) => {
                let data_dir = &request.data_dir;
                let appends = first_calls::may_append(&made, data_dir);
                first_calls::make(&made, appends);
                // A node calls from more than one thread, and these end.
                thread::scope(|scope| {
                    scope.spawn(move || {
                        first_calls::make(&made, appends);
                        drop(made);
                    });
                });
            }
            Err(error) if request.tried.counts(plugin.name()) => {
                let message = format!(
                    "the plugin {} of {} can't start",
                    plugin.name(),
                    path.display()
                );
                return Err(Error::new(error.kind(), message).because(error));
            }
            // It may need options that nobody gives it.
            Err(_) => {}
        }
    }
    Ok(())
}
