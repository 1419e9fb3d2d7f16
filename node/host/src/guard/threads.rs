//! A small number for each thread that calls plugins, and what the thread is called.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// A thread that has no number yet.
const NONE: usize = usize::MAX;

static THREADS: Mutex<Threads> = Mutex::new(Threads {
    names: Vec::new(),
    free: Vec::new(),
});

struct Threads {
    /// What each is called, by its number.
    names: Vec<String>,
    /// The numbers of threads that have ended.
    free: Vec<usize>,
}

fn threads() -> std::sync::MutexGuard<'static, Threads> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    // Nothing is to be dropped, so looking it up costs nothing.
    static NUMBER: Cell<usize> = const { Cell::new(NONE) };
    static END: Cell<Option<End>> = const { Cell::new(None) };
}

/// Gives a thread's number back when the thread ends.
struct End(usize);

impl Drop for End {
    fn drop(&mut self) {
        NUMBER.set(NONE);
        threads().free.push(self.0);
    }
}

/// The number of this thread, which no other has while this one lives.
pub(super) fn number() -> usize {
    match NUMBER.get() {
        NONE => register(),
        number => number,
    }
}

/// The same, but a number that is nobody's before the thread's first call of [`number`].
#[inline]
pub(super) fn number_if_known() -> usize {
    NUMBER.get()
}

/// What the thread of this number is called; empty if it has no name.
pub(super) fn name(number: usize) -> String {
    threads().names.get(number).cloned().unwrap_or_default()
}

#[cold]
fn register() -> usize {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let mut threads = threads();
    let number = match threads.free.pop() {
        Some(number) => {
            threads.names[number] = name;
            number
        }
        None => {
            threads.names.push(name);
            threads.names.len() - 1
        }
    };
    drop(threads);
    NUMBER.set(number);
    // A thread that is ending may call a plugin once more; its number is not used again then.
    let _ = END.try_with(|end| end.set(Some(End(number))));
    number
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_number_has_its_threads_name_and_goes_to_another_when_the_thread_ends() {
        let before = threads().names.len();
        for n in 0..100 {
            let called = format!("number-{n}");
            let new = thread::Builder::new().name(called.clone());
            let named = new.spawn(|| (number_if_known(), number(), number(), name(number())));
            let (unknown, first, again, name) = named.unwrap().join().unwrap();
            assert_eq!((unknown, first, name), (NONE, again, called));
        }
        // Other tests have threads of their own.
        let now = threads().names.len();
        assert!(now < before + 50, "{now} numbers");
    }
}
