//! Measures of verifying: what the node does with signatures, beside one by one.

use plugcoin_sdk::Error;

use crate::measure::Outcome;
use crate::workbench::Workbench;

pub(crate) fn repeated(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn distinct(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}
