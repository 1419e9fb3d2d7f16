//! Measures of the core: what a block and a payment cost as the chain grows.

use plugcoin_sdk::Error;

use crate::measure::Outcome;
use crate::workbench::Workbench;

pub(crate) fn growth(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn reorg_linear(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}
