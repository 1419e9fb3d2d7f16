//! [`machine`]: what is measured on.

use std::fs;
use std::thread;

/// What this machine is: its processors, and which of the instructions that matter here they have.
pub fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let features = features();
    let features = match features.is_empty() {
        true => "no instructions for hashing".to_owned(),
        false => features.join(", "),
    };
    let model = model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = match cores {
        1 => "1 core".to_owned(),
        cores => format!("{cores} cores"),
    };
    format!("{model}, {cores}, {features}")
}

/// The name of the processor, where the system tells it.
fn model() -> Option<String> {
    let about = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = about.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let found = [
        ("AVX-512", is_x86_feature_detected!("avx512f")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("SHA-NI", is_x86_feature_detected!("sha")),
    ];
    let found = found.into_iter().filter(|(_, has)| *has);
    found.map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}
