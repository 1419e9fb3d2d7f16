//! The border between a node and a library, seen from the outside: the page that describes it, and
//! what comes of libraries that don't keep to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod bad_answers;
mod c;
mod calls;
mod every_method;
mod example;
mod page;
mod scripted;
