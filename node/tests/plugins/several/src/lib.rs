//! For the tests of loading: two plugins in one library, one of which can be told to fail.

use std::sync::Arc;

use plugcoin_sdk::hooks::{Event, Observer, Reward, Validity};
use plugcoin_sdk::ledger::Amount;
use plugcoin_sdk::log::Log;
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct TwoRulesOptions {
        /// How it starts: well, refuses, panics, half.
        local start: String = "well".to_owned(),
        /// How many coins a block pays.
        consensus coins: u64 = 2,
    }
}

/// A reward of so many coins, and a further rule that everything keeps.
struct TwoRules {
    coins: u64,
}

impl Reward for TwoRules {
    fn reward(&self, _nr: u64) -> Result<Amount, Error> {
        Ok(Amount::from_coins(self.coins))
    }
}

impl Validity for TwoRules {}

fn two_rules(options: &TwoRulesOptions) -> Result<Provided, Error> {
    let rules = Arc::new(TwoRules {
        coins: options.coins,
    });
    let validity: Option<Arc<dyn Validity>> = match &*options.start {
        "well" => Some(rules.clone()),
        "half" => None,
        "panics" => panic!("it was told to panic"),
        _ => {
            return Err(Error::new(
                ErrorKind::Configuration,
                "it was told to refuse",
            ));
        }
    };
    Ok(Provided {
        reward: Some(rules),
        validity,
        ..Provided::default()
    })
}

plugcoin_sdk::register!(
    [Reward, Validity],
    "two-rules",
    |options: TwoRulesOptions| two_rules(&options)
);

/// Writes a line of the log for every event.
struct Talker(Log);

impl Observer for Talker {
    fn on_event(&self, event: &Event, _now_us: i64) -> Result<(), Error> {
        if let Event::BlockAccepted { nr, .. } = event {
            self.0.info(format_args!("block {nr} was accepted"));
        }
        Ok(())
    }
}

plugcoin_sdk::register!(Observer, "talker", |_, setup| {
    let log = setup.log();
    log.error("an error");
    log.warn("a warning");
    log.info("something");
    log.debug("a detail");
    Ok(Talker(log))
});
