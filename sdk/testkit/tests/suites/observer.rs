//! The suite of this hook catches what is wrong.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Event, Observer};
use plugcoin_testkit::suite::observer;

/// An observer that can't bear early events.
struct Panics;

impl Observer for Panics {
    fn on_event(&self, _: &Event, now_us: i64) -> Result<(), Error> {
        assert!(now_us >= 0, "before time");
        Ok(())
    }
}

#[test]
fn a_bad_observer_is_caught() {
    assert_eq!(
        observer::broken(&Panics),
        ["it_takes_any_event_at_any_moment"]
    );
}
