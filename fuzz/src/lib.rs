//! Laws that hold for any bytes: a function each, for a fuzzer to break and for its corpus to keep.
//!
//! * A target panics when its law is broken, and only then.
//! * It depends on nothing but its bytes: what broke it once breaks it again.
//! * `scripts/fuzz` looks for bytes that break one; what it has found is in `corpus/`, and is tried by
//!   `cargo test`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a broken law is a panic"
)]

mod answers;
mod batch;
mod border;
mod core;
mod elf;
mod journal;
mod requests;
mod texts;

/// A law: it panics if it does not hold for these bytes.
pub type Target = fn(&[u8]);

/// What is tried, by name.
pub const TARGETS: [(&str, Target); 8] = [
    ("answers", answers::hold),
    ("batch", batch::hold),
    ("border", border::hold),
    ("core", core::hold),
    ("elf", elf::hold),
    ("journal", journal::hold),
    ("requests", requests::hold),
    ("texts", texts::hold),
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    let mut targets = TARGETS.iter();
    targets
        .find(|(known, _)| *known == name)
        .map(|(_, hold)| *hold)
}
