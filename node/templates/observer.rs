//! Observer: a line in the node's log for every block that was accepted.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Event, Observer};
use plugcoin_sdk::log::Log;

/// Tells the node's log of every accepted block.
#[derive(Clone, Debug, Default)]
pub struct MyRule {
    /// None where no node runs, as in a test.
    pub log: Option<Log>,
}

impl Observer for MyRule {
    fn on_event(&self, event: &Event, _now_us: i64) -> Result<(), Error> {
        if let (Some(log), Event::BlockAccepted { nr, hash, .. }) = (&self.log, event) {
            log.info(format_args!("block {nr} was accepted: {hash}"));
        }
        Ok(())
    }
}

plugcoin_sdk::register!(Observer, "my-rule", |_, setup| Ok(MyRule {
    log: Some(setup.log())
}));
