//! Difficulty: a 256-bit target that follows the hash power.

mod asert;
mod bitcoin;
mod lwma;
mod scale;
#[cfg(test)]
mod tests;

use plugcoin_sdk::hooks::{Ancestor, Difficulty, Wants};
use plugcoin_sdk::ledger::Target;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use scale::Bounds;

/// The most zeros that a start or an easiest target can have; harder ones nobody would meet.
const ZEROS_MAX: u32 = 60;

/// The longest interval, clamp and half-life: with it no sum of times overflows.
const LONG: u64 = 1 << 32;

/// The longest window of LWMA, which reads all of it for every block.
const LWMA_WINDOW_MAX: u64 = 10_000;

/// How the target follows the hash power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Once in a window, by how long it took.
    #[default]
    Bitcoin,
    /// At every block, by how far the chain is ahead of its schedule: aserti3-2d.
    Asert,
    /// At every block, by the mean of the last solve times, the latest weighing most: LWMA-1.
    Lwma,
}

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct RetargetOptions {
        /// How the target follows the hash power.
        consensus algorithm: Algorithm as "one of bitcoin, asert, lwma" = Algorithm::Bitcoin,
        /// How many seconds blocks should be apart.
        consensus interval_s: u64 = 600,
        /// How many blocks are looked at, of bitcoin and lwma; 0 is the usual, 2016 and 144.
        consensus window: u64 = 0,
        /// By what factor the target changes at most, of bitcoin, at the end of a window.
        consensus clamp: u64 = 4,
        /// How many seconds off schedule double or halve the target, of asert.
        consensus half_life_s: u64 = 172_800,
        /// How many zeros the hashes begin with at the start, 0 to 60.
        consensus zeros: u32 = 4,
        /// With how many zeros hashes begin at least, however little hash power there is; never more than zeros.
        consensus zeros_min: u32 = 2,
        /// From which block on time counts, NR - 1 for retarget@NR; it and the next one have the start target.
        consensus anchor: u64 = 1,
    }
}

/// The rule that the target is set so that blocks keep an interval.
///
/// * It is a number of 256 bits and not rounded: any target, not whole zeros alone.
/// * It begins with block [`anchor`](RetargetOptions::anchor) since the genesis block's time says
///   nothing of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retarget {
    steering: Steering,
    bounds: Bounds,
    anchor: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steering {
    Bitcoin(bitcoin::Bitcoin),
    Asert(asert::Asert),
    Lwma(lwma::Lwma),
}

impl Retarget {
    /// The rule as the options have it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for a number out of its bounds.
    pub fn from_options(options: &RetargetOptions) -> Result<Self, Error> {
        let window = match (options.window, options.algorithm) {
            (0, Algorithm::Lwma) => 144,
            (0, _) => 2016,
            (window, _) => window,
        };
        let window_max = match options.algorithm {
            Algorithm::Lwma => LWMA_WINDOW_MAX,
            _ => LONG,
        };
        for (name, value, least, most) in [
            ("interval_s", options.interval_s, 1, LONG),
            ("window", window, 1, window_max),
            ("clamp", options.clamp, 2, LONG),
            ("half_life_s", options.half_life_s, 1, LONG),
            ("zeros", options.zeros.into(), 0, ZEROS_MAX.into()),
            ("zeros_min", options.zeros_min.into(), 0, ZEROS_MAX.into()),
            ("anchor", options.anchor, 1, u64::MAX - LONG),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    format!("retarget.{name} is {value}; take {least} to {most}"),
                ));
            }
        }
        let us = |seconds: u64| i128::from(seconds) * 1_000_000;
        let interval_us = us(options.interval_s);
        let steering = match options.algorithm {
            Algorithm::Bitcoin => Steering::Bitcoin(bitcoin::Bitcoin {
                interval_us,
                window,
                clamp: options.clamp.into(),
            }),
            Algorithm::Asert => Steering::Asert(asert::Asert {
                interval_us,
                half_life_us: us(options.half_life_s),
            }),
            Algorithm::Lwma => Steering::Lwma(lwma::Lwma {
                interval_us,
                window,
            }),
        };
        Ok(Self {
            steering,
            bounds: Bounds {
                start: Target::from_leading_zeros(options.zeros),
                easiest: Target::from_leading_zeros(options.zeros_min.min(options.zeros)),
            },
            anchor: options.anchor,
        })
    }

    /// How many blocks stand between the anchor and this one; none if time does not count yet.
    fn counted(&self, nr: u64) -> Option<u64> {
        let parent = nr.checked_sub(1)?;
        parent
            .checked_sub(self.anchor)
            .filter(|counted| *counted > 0)
    }
}

impl Difficulty for Retarget {
    fn target(&self, nr: u64, ancestors: &[Ancestor]) -> Result<Target, Error> {
        let Some(counted) = self.counted(nr) else {
            return Ok(self.bounds.start);
        };
        let target = match self.steering {
            Steering::Bitcoin(rule) => rule.target(counted, ancestors, &self.bounds),
            Steering::Asert(rule) => rule.target(counted, ancestors, &self.bounds),
            Steering::Lwma(rule) => rule.target(ancestors, &self.bounds),
        };
        target.ok_or_else(|| {
            Error::new(
                ErrorKind::Plugin,
                "the difficulty rule was not given the ancestors that it asked for",
            )
            .with("block", nr)
        })
    }

    fn easiest(&self) -> Target {
        self.bounds.easiest
    }

    fn wants(&self, nr: u64) -> Result<Wants, Error> {
        let Some(counted) = self.counted(nr) else {
            return Ok(Wants::Nothing);
        };
        Ok(match self.steering {
            Steering::Bitcoin(rule) if rule.is_due(counted) => {
                Wants::At(vec![nr - 1 - rule.window, nr - 1])
            }
            Steering::Bitcoin(_) => Wants::Parent,
            Steering::Asert(_) => Wants::At(vec![self.anchor, nr - 1]),
            Steering::Lwma(rule) => Wants::Last(rule.window.min(counted) + 1),
        })
    }
}

plugcoin_sdk::register!(Difficulty, "retarget", |options: RetargetOptions| {
    Retarget::from_options(&options)
});
