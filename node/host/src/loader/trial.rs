//! The trial: a child process opens a library first and makes its plugins, so that a library which
//! ends the process by its mere opening ends only the child.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use plugcoin_sdk::plugin::Setup;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::sealed::{self, Sealed};
use crate::plan;
use crate::plugin::{LoadedFile, Plugin};
use crate::request::Setting;

/// How long a library may take to open and to make its plugins.
const TRIAL_MS: u64 = 20_000;

/// How much of a child's words is kept.
const WORDS_BYTES_MAX: u64 = 64 << 10;

/// What stands before the child's answer; a plugin may print what it likes beside it.
const MARK: &str = "plugcoin-trial ";

/// What the child is asked.
#[derive(Serialize, Deserialize)]
struct Request {
    /// What people call the file.
    path: PathBuf,
    set: Vec<Setting>,
    /// A folder of its own, which is thrown away.
    data_dir: PathBuf,
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
    set: &[Setting],
) -> Result<(), Error> {
    let fault = |error: std::io::Error| {
        let message = format!("{} can't be tried before it is loaded", path.display());
        Error::new(ErrorKind::Io, message).because(error)
    };
    let data_dir = tempfile::tempdir().map_err(fault)?;
    let request = Request {
        path: path.to_owned(),
        set: set.to_vec(),
        data_dir: data_dir.path().to_owned(),
    };
    let request = serde_json::to_string(&request).map_err(|error| fault(error.into()))?;
    let child = Command::new(program)
        .args(["plugins", "trial", &request])
        .stdin(Stdio::from(sealed.for_child().map_err(fault)?))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(fault)?;
    let ended = wait(child).map_err(fault)?;
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
            TRIAL_MS / 1000
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
fn wait(mut child: Child) -> std::io::Result<Ended> {
    let output = reader(child.stdout.take());
    let errors = reader(child.stderr.take());
    let (done, is_done) = channel();
    let output = thread::spawn(move || {
        let text = output();
        // The child's end closes the pipe; a grandchild may hold it, and is not waited for.
        let _ = done.send(());
        text
    });
    let errors = thread::spawn(errors);
    let in_time = is_done
        .recv_timeout(Duration::from_millis(TRIAL_MS))
        .is_ok();
    if !in_time {
        child.kill()?;
    }
    let status = child.wait()?;
    Ok(Ended {
        status: in_time.then_some(status),
        output: output.join().unwrap_or_default(),
        errors: errors.join().unwrap_or_default(),
    })
}

fn reader(from: Option<impl Read>) -> impl FnOnce() -> String {
    move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What can't be read is not said.
            let _ = from.take(WORDS_BYTES_MAX).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The child's part: opens the library on its standard input and makes each plugin in it.
///
/// * `request` is what the parent process gave as the last argument.
/// * The answer goes to `to`.
///
/// # Errors
/// [`ErrorKind::Io`] if the answer can't be written.
pub fn answer_trial(request: &str, mut to: impl Write) -> Result<(), Error> {
    let answer = match serde_json::from_str::<Request>(request) {
        Ok(request) => match try_all(&request) {
            Ok(()) => Answer::Fits,
            Err(error) => Answer::Refuses(error.to_string()),
        },
        Err(_) => Answer::Refuses(
            "this command is for the node itself, which tries a library before it loads it; \
             see `node plugins check`"
                .to_owned(),
        ),
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
        plugin.create(&setup).map_err(|error| {
            let message = format!(
                "the plugin {} of {} can't start",
                plugin.name(),
                path.display()
            );
            Error::new(error.kind(), message).because(error)
        })?;
    }
    Ok(())
}
