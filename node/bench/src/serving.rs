//! Measures of serving: the routes, beside bytes that lie ready.

use plugcoin_sdk::Error;

use crate::measure::Outcome;
use crate::workbench::Workbench;

pub(crate) fn getdata(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn getblocks(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}

pub(crate) fn inv(_: &Workbench) -> Result<Outcome, Error> {
    Ok(Outcome::NotHere("it is not measured yet".to_owned()))
}
