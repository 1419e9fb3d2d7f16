//! Measures of starting: a node opened on a long chain.

use plugcoin_sdk::Error;

use crate::measure::Outcome;
use crate::workbench::Workbench;

pub(crate) fn cold(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn snapshot(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}
