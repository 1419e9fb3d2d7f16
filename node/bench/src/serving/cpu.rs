//! CPU time that the system counted, in nanoseconds.

use std::fs;
use std::path::Path;

use plugcoin_sdk::{Error, ErrorKind};

/// Why the CPU time of threads can't be known here; none if it can.
pub(super) fn not_counted() -> Option<String> {
    let counted = Path::new("/proc/self/schedstat").exists();
    (!counted).then(|| "its system does not count a thread's CPU time as Linux does".to_owned())
}

/// The CPU time so far of those threads of a process whose name begins so.
///
/// * What a running thread did since the system last looked is missing: a few milliseconds.
///
/// # Errors
/// [`ErrorKind::Unsupported`] where the system does not count it so: it is Linux that does.
pub(super) fn of_threads(process: &str, names: &str) -> Result<u64, Error> {
    let tasks = Path::new("/proc").join(process).join("task");
    let unsupported = |error: std::io::Error| {
        Error::new(
            ErrorKind::Unsupported,
            "this system does not count a thread's CPU time",
        )
        .with("folder", tasks.display())
        .because(error)
    };
    let mut sum = 0;
    for task in fs::read_dir(&tasks).map_err(unsupported)? {
        let task = task.map_err(unsupported)?.path();
        // A thread that ends meanwhile is none of the server's.
        let Ok(name) = fs::read_to_string(task.join("comm")) else {
            continue;
        };
        if name.starts_with(names) {
            let counted = fs::read_to_string(task.join("schedstat")).map_err(unsupported)?;
            let running_ns = counted.split(' ').next();
            sum += running_ns.and_then(|ns| ns.parse().ok()).unwrap_or(0);
        }
    }
    Ok(sum)
}
