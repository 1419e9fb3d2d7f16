//! Measures of storing: records made durable.

use plugcoin_sdk::Error;

use crate::measure::Outcome;
use crate::workbench::Workbench;

pub(crate) fn single(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn group64(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn growth_1m(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}
