//! Fork choice: the branch with the most work wins.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What decides between branches of equal work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// The smaller hash of the branch's first block, so that all nodes agree without another block.
    #[default]
    SmallestHash,
    /// The one whose tip this node saw first, as in Bitcoin; nodes may disagree until a block comes.
    FirstSeen,
}

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct MostWorkOptions {
        /// Which branch wins on equal work: smallest-hash or first-seen.
        consensus tie: Tie as "one of smallest-hash, first-seen" = Tie::SmallestHash,
    }
}

/// The rule that the branch through which the most work is reached wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MostWork {
    tie: Tie,
}

impl MostWork {
    /// The rule with this way out of a tie.
    pub fn new(tie: Tie) -> Self {
        Self { tie }
    }
}

impl ForkChoice for MostWork {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        let seen = match self.tie {
            Tie::SmallestHash => Ordering::Equal,
            Tie::FirstSeen => a.tip_first_seen.cmp(&b.tip_first_seen),
        };
        let order = b.tip_work.cmp(&a.tip_work);
        Ok(match order.then(seen).then_with(|| a.hash.cmp(&b.hash)) {
            Ordering::Less | Ordering::Equal => Preference::A,
            Ordering::Greater => Preference::B,
        })
    }
}

plugcoin_sdk::register!(ForkChoice, "most-work", |options: MostWorkOptions| Ok(
    MostWork::new(options.tie)
));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Hash, U256, Work};
    use plugcoin_sdk::plugin::{Setup, compiled_in};

    fn branch(hash: u8, work: u64, tip_first_seen: u64) -> Branch {
        Branch {
            hash: Hash::from_bytes([hash; 32]),
            nr: 1,
            first_seen: 1,
            tip_work: Work(U256::from(work)),
            tip_first_seen,
            subtree_work: Work(U256::from(work)),
            subtree_blocks: work,
        }
    }

    #[test]
    fn more_work_wins_whatever_else() {
        for tie in [Tie::SmallestHash, Tie::FirstSeen] {
            let rule = MostWork::new(tie);
            let (less, more) = (branch(1, 10, 1), branch(9, 11, 99));
            assert_eq!(rule.prefer(&less, &more).unwrap(), Preference::B);
            assert_eq!(rule.prefer(&more, &less).unwrap(), Preference::A);
        }
    }

    #[test]
    fn a_tie_goes_to_the_smaller_hash_or_to_the_tip_seen_first() {
        let (small_late, large_early) = (branch(1, 10, 9), branch(2, 10, 5));
        let winner = |tie| {
            MostWork::new(tie)
                .prefer(&small_late, &large_early)
                .unwrap()
        };
        assert_eq!(winner(Tie::SmallestHash), Preference::A);
        assert_eq!(winner(Tie::FirstSeen), Preference::B);
        let same_time = branch(2, 10, 9);
        let last_resort = MostWork::new(Tie::FirstSeen).prefer(&small_late, &same_time);
        assert_eq!(last_resort.unwrap(), Preference::A);
    }

    #[test]
    fn the_tie_is_named_in_kebab_case_and_nothing_else_is_taken() {
        let registration = compiled_in()[0];
        let setup = |tie: &str| Setup {
            plugin: registration.name.into(),
            values: vec![("tie".into(), tie.into())],
            ..Setup::default()
        };
        assert!((registration.create)(&setup("first-seen")).is_ok());
        assert_eq!((registration.options)()[0].default, "smallest-hash");
        let error = (registration.create)(&setup("coin"))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("`smallest-hash` or `first-seen`"), "{error}");
    }
}
