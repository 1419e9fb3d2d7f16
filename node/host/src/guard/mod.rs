//! Guards: every hook is called through one, whichever way its plugin came into the program.
//!
//! * A panic becomes an [`Error`]; nothing unwinds into the node.
//! * Calls are counted, and the time that they take is measured: shown, and never a verdict.
//! * When a plugin for Mempool, Gossip or Transport fails, the default takes over.

mod calls;
mod hooks;
mod provided;
mod threads;
mod watch;
pub mod watchdog;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use plugcoin_sdk::{Error, ErrorKind};

pub(crate) use provided::guard;
pub(crate) use watch::{Consequence, panicked};
pub use watch::{Health, Watch};

/// A hook behind its guard.
pub(crate) struct Guarded<T: ?Sized> {
    hook: Arc<T>,
    watch: Arc<Watch>,
    /// What takes over when it fails.
    instead: Option<Arc<T>>,
}

impl<T: ?Sized> Guarded<T> {
    /// Guards a hook; another may take over from it when it fails.
    fn new(hook: Arc<T>, watch: Arc<Watch>, instead: Option<Arc<T>>) -> Self {
        Self {
            hook,
            watch,
            instead,
        }
    }

    /// The hook that holds now.
    fn active(&self) -> &T {
        match &self.instead {
            Some(instead) if self.watch.has_failed() => instead,
            _ => &self.hook,
        }
    }

    /// Calls it where every error is a fault of the plugin, and another may take over from it.
    fn call_or<R>(&self, run: impl Fn(&T) -> Result<R, Error>) -> Result<R, Error> {
        let Some(instead) = &self.instead else {
            return self.watch.measure(|| run(&self.hook).map_err(fault));
        };
        if self.watch.has_failed() {
            return run(instead).map_err(fault);
        }
        match self.watch.measure(|| run(&self.hook).map_err(fault)) {
            Err(_) if self.watch.has_failed() => run(instead).map_err(fault),
            result => result,
        }
    }

    /// Asks for a constant: where that panics, the default's, or the node ends with the plugin's name.
    fn constant<'a, R>(&'a self, ask: impl Fn(&'a T) -> R) -> R {
        let asked = catch_unwind(AssertUnwindSafe(|| ask(self.active())));
        asked.unwrap_or_else(|panic| {
            let error = self.watch.judge(panicked(&*panic));
            match &self.instead {
                Some(instead) => ask(instead),
                None => resume_unwind(Box::new(error.to_string())),
            }
        })
    }

    /// Calls it where an error may be an answer: a scheme that only verifies, a secret that is none.
    fn ask<R>(&self, run: impl Fn(&T) -> Result<R, Error>) -> Result<R, Error> {
        let answered = self.watch.measure(|| match run(&self.hook) {
            Err(error) if is_answer(&error) => Ok(Err(error)),
            other => other.map(Ok).map_err(fault),
        });
        answered?
    }
}

fn is_answer(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unsupported | ErrorKind::Configuration
    )
}

/// The error of a rule: its kind is the plugin's choice, and what follows must not be.
#[cold]
fn fault(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Plugin => error,
        _ => Error::new(ErrorKind::Plugin, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use plugcoin_sdk::hooks::{
        Admission, Capacity, Consensus, Due, HookKind, Mempool, NonceLength, PoolSummary, Seal,
        SealVerdict, Slice,
    };
    use plugcoin_sdk::ledger::{Draft, Header, Target, Transaction};
    use plugcoin_sdk::plugin::Setup;

    use super::*;

    /// A pool that has this capacity, or panics over it.
    struct Pool(Option<Capacity>);

    impl Mempool for Pool {
        fn admit(&self, _: &Transaction, _: &PoolSummary) -> Result<Admission, Error> {
            Err(Error::new(ErrorKind::Plugin, "nobody asks"))
        }

        fn due(&self, _: &PoolSummary, _: i64) -> Result<Due, Error> {
            Ok(Due::No)
        }

        fn capacity(&self) -> Capacity {
            self.0.unwrap()
        }
    }

    #[test]
    fn a_constant_that_panics_is_a_fault_of_the_plugin() {
        let pool = |capacity| -> Arc<dyn Mempool> { Arc::new(Pool(capacity)) };
        let guarded = |instead| {
            let watch = Watch::new("panics", Setup::default().log(), HookKind::Mempool);
            (Guarded::new(pool(None), watch.clone(), instead), watch)
        };
        let ten = Capacity {
            transactions: 10,
            bytes: 4_000,
        };
        let (replaced, watch) = guarded(Some(pool(Some(ten))));
        assert_eq!(replaced.capacity(), ten);
        assert!(watch.health().failed);
        let (alone, _) = guarded(None);
        let panic = catch_unwind(AssertUnwindSafe(|| alone.capacity())).unwrap_err();
        let words = panic.downcast_ref::<String>().unwrap();
        assert!(words.starts_with("the plugin panics failed"), "{words}");
    }
    /// A consensus whose every constant panics.
    struct Constants;

    impl Consensus for Constants {
        fn seal(&self, _: &Draft, _: &Header, _: &Target, _: Slice) -> Result<Seal, Error> {
            Ok(Seal::Exhausted)
        }

        fn check_seal(
            &self,
            _: &Header,
            _: Option<&Header>,
            _: &Target,
        ) -> Result<SealVerdict, Error> {
            Ok(SealVerdict::Valid)
        }

        fn looks_at_parent(&self) -> bool {
            panic!("no parent")
        }

        fn tries_at_once(&self) -> u64 {
            panic!("no tries")
        }

        fn nonce_length(&self) -> NonceLength {
            panic!("no length")
        }
    }

    #[test]
    fn every_constant_of_a_consensus_is_guarded() {
        type Ask = fn(&dyn Consensus);
        let ask: [(&str, Ask); 3] = [
            ("no parent", |it| _ = it.looks_at_parent()),
            ("no tries", |it| _ = it.tries_at_once()),
            ("no length", |it| _ = it.nonce_length()),
        ];
        for (fault, ask) in ask {
            let watch = Watch::new("panics", Setup::default().log(), HookKind::Consensus);
            let hook: Arc<dyn Consensus> = Arc::new(Constants);
            let guarded = Guarded::new(hook, watch.clone(), None);
            let panic = catch_unwind(AssertUnwindSafe(|| ask(&guarded))).unwrap_err();
            let words = panic.downcast_ref::<String>().unwrap();
            assert!(words.starts_with("the plugin panics failed"), "{words}");
            assert!(words.contains(fault), "{words}");
            assert!(watch.health().failed);
        }
    }
}
