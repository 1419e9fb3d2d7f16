//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use retarget::{Algorithm, Retarget, RetargetOptions};

#[test]
fn it_keeps_the_laws_of_its_hook() {
    for algorithm in [Algorithm::Bitcoin, Algorithm::Asert, Algorithm::Lwma] {
        let usual = RetargetOptions {
            algorithm,
            ..RetargetOptions::default()
        };
        let quick = RetargetOptions {
            interval_s: 1,
            window: 7,
            half_life_s: 1,
            zeros_min: 0,
            ..usual.clone()
        };
        for options in [usual, quick] {
            suite::difficulty::check(&Retarget::from_options(&options).unwrap());
        }
    }
}
