//! [`policy`]: who may make this node pay; [`Paid`]: how much each client was paid.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plugcoin_http::{Money, Submitted, Token};
use plugcoin_sdk::ledger::Amount;
use plugcoin_sdk::{Error, ErrorKind, Invalid};

use super::limits::{SOURCES_MAX, TOKEN_CHARACTERS_MIN};
use super::sources::source;
use crate::config::{Config, MoneyToken, Per};
use crate::secret_file;

/// Who may make a node of this configuration pay.
///
/// * Where others than this machine can reach it, nobody, unless the owner says who.
///
/// # Errors
/// [`ErrorKind::Configuration`] if the token is none, or both everybody and a token are named.
pub(super) fn policy(config: &Config) -> Result<Money, Error> {
    let refuse = |message: String| Err(Error::new(ErrorKind::Configuration, message));
    match &config.money_token {
        Some(_) if config.faucet => refuse(
            "--faucet pays everybody, and --money-token only who names the token; give one of them"
                .to_owned(),
        ),
        Some(given) => {
            let (token, place) = match given {
                MoneyToken::InFile(file) => (
                    secret_file::read(file, "token")?,
                    format!("in {}", file.display()),
                ),
                MoneyToken::Itself(token) => (token.clone().into(), "of --money-token".to_owned()),
            };
            let fits = token.len() >= TOKEN_CHARACTERS_MIN
                && token.bytes().all(|byte| byte.is_ascii_graphic());
            if !fits {
                return refuse(format!(
                    "the token {place} must have {TOKEN_CHARACTERS_MIN} characters at least, letters, \
                     digits and signs without a space; openssl rand -hex 16 makes one"
                ));
            }
            Ok(Money::Token(Token::new(&token)))
        }
        None if config.faucet || config.host.to_canonical().is_loopback() => Ok(Money::Everybody),
        None => Ok(Money::Nobody),
    }
}

/// Says in the log what may surprise an owner whose node others reach.
pub(super) fn tell(config: &Config, money: &Money) {
    match money {
        Money::Everybody if config.faucet => {
            tracing::warn!("POST /money pays everybody who reaches this node, by --faucet");
        }
        Money::Nobody => tracing::info!(
            host = %config.host,
            "POST /money pays nobody, since other machines may reach this node; see --faucet and \
             --money-token"
        ),
        Money::Token(_) if matches!(config.money_token, Some(MoneyToken::Itself(_))) => {
            tracing::warn!(
                "every user of this machine can see the token in the list of processes; write it to a \
                 file, and give --money-token @FILE"
            );
        }
        Money::Everybody | Money::Token(_) => {}
    }
}

/// How much each client was paid, and how often.
///
/// * A client is a source address, as for what is pushed in.
/// * A client's time begins with a payment; when it is over, the next payment begins another.
/// * What is taken before a payment is given back if nothing was paid; of payments that are asked for
///   at once, none slips by.
/// * With too many clients, those whose time is over are forgotten; while there are only others,
///   newcomers are paid nothing.
#[derive(Debug)]
pub(super) struct Paid {
    coins: Option<Per<Amount>>,
    times: Option<Per<NonZeroU32>>,
    clients: Mutex<HashMap<IpAddr, Client>>,
}

#[derive(Clone, Copy, Debug)]
struct Client {
    coins: Window,
    times: Window,
}

/// What was used since the time began.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Duration,
    used: u128,
}

/// What was taken of a client's share.
#[derive(Debug)]
pub(super) struct Taken {
    client: IpAddr,
    units: u128,
    coins_since: Duration,
    times_since: Duration,
}

impl Paid {
    pub(super) fn new(coins: Option<Per<Amount>>, times: Option<Per<NonZeroU32>>) -> Self {
        Self {
            coins,
            times,
            clients: Mutex::default(),
        }
    }

    /// Takes a payment from a client's share, at a time since the node's start.
    ///
    /// # Errors
    /// What the client is told instead of being paid.
    pub(super) fn take(
        &self,
        ip: IpAddr,
        amount: Amount,
        now: Duration,
    ) -> Result<Taken, Submitted> {
        let (client, units) = (source(ip), amount.units());
        let coins = self.coins.as_ref().map(|per| (per.most.units(), per));
        let times = self.times.as_ref().map(|per| (per.most.get().into(), per));
        if let Some((_, per)) = coins.filter(|&(most, _)| units > most) {
            let words = "this is more than this node pays one address";
            let invalid = Invalid::new("money", words)
                .observed(amount)
                .required(format!("at most {per}"));
            return Err(Submitted::Refused(invalid));
        }
        let mut clients = self.clients();
        if clients.len() >= SOURCES_MAX && !clients.contains_key(&client) {
            clients.retain(|_, client| !self.is_over(client, now));
            if clients.len() >= SOURCES_MAX {
                return Err(Submitted::TooMany);
            }
        }
        let begun = Client {
            coins: Window::begun(now),
            times: Window::begun(now),
        };
        let mut new = clients.get(&client).copied().unwrap_or(begun);
        if let Some((most, per)) = coins {
            new.coins
                .add(units, most, per.time, now)
                .map_err(|left| enough(per, "coin", left))?;
        }
        if let Some((most, per)) = times {
            new.times
                .add(1, most, per.time, now)
                .map_err(|left| enough(per, "payment", left))?;
        }
        if self.coins.is_some() || self.times.is_some() {
            clients.insert(client, new);
        }
        Ok(Taken {
            client,
            units,
            coins_since: new.coins.since,
            times_since: new.times.since,
        })
    }

    /// Gives back what was taken for a payment that was not made.
    pub(super) fn give_back(&self, taken: &Taken) {
        let mut clients = self.clients();
        let Some(client) = clients.get_mut(&taken.client) else {
            return;
        };
        client.coins.remove(taken.units, taken.coins_since);
        client.times.remove(1, taken.times_since);
        if client.coins.used == 0 && client.times.used == 0 {
            clients.remove(&taken.client);
        }
    }

    fn is_over(&self, client: &Client, now: Duration) -> bool {
        let over = |window: Window, time: Option<Duration>| {
            time.is_none_or(|time| window.left(time, now).is_zero())
        };
        over(client.coins, self.coins.as_ref().map(|per| per.time))
            && over(client.times, self.times.as_ref().map(|per| per.time))
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<IpAddr, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client is told that must wait so long, where `what` is one of those it was paid.
fn enough<T: std::fmt::Display>(per: &Per<T>, what: &str, left: Duration) -> Submitted {
    let most = per.most.to_string();
    let plural = if most == "1" { "" } else { "s" };
    Submitted::PaidEnough {
        most: format!("at most {most} {what}{plural} in {}", per.written()),
        retry_s: left.as_secs() + 1,
    }
}

impl Window {
    fn begun(now: Duration) -> Self {
        Self {
            since: now,
            used: 0,
        }
    }

    /// How much of its time is left.
    fn left(self, time: Duration, now: Duration) -> Duration {
        self.since.saturating_add(time).saturating_sub(now)
    }

    /// Uses so much more, unless that would be over the most: then how long that will be so.
    fn add(
        &mut self,
        more: u128,
        most: u128,
        time: Duration,
        now: Duration,
    ) -> Result<(), Duration> {
        if self.used == 0 || self.left(time, now).is_zero() {
            *self = Self::begun(now);
        }
        let used = self.used.saturating_add(more);
        if used > most {
            return Err(self.left(time, now));
        }
        self.used = used;
        Ok(())
    }

    /// Takes back what was used in the time that began then, if it is still this one.
    fn remove(&mut self, used: u128, since: Duration) {
        if self.since == since {
            self.used = self.used.saturating_sub(used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "192.0.2.1";
    const B: &str = "192.0.2.2";

    fn paid(coins: &str, times: &str) -> Paid {
        Paid::new(Per::coins(coins).ok(), Per::times(times).ok())
    }

    fn take(paid: &Paid, ip: &str, coins: u64, second: u64) -> Result<Taken, String> {
        let (amount, now) = (Amount::from_coins(coins), Duration::from_secs(second));
        paid.take(ip.parse().unwrap(), amount, now)
            .map_err(|told| match told {
                Submitted::PaidEnough { most, retry_s } => format!("{most}; {retry_s}"),
                Submitted::Refused(invalid) => invalid.to_string(),
                other => format!("{other:?}"),
            })
    }

    #[test]
    fn nothing_is_limited_that_was_not_said() {
        let paid = paid("", "");
        for second in 0..10_000 {
            take(&paid, A, 1_000_000, second).unwrap();
        }
        assert!(paid.clients().is_empty());
    }

    #[test]
    fn an_address_is_paid_so_much_in_its_time() {
        let paid = paid("5/10s", "");
        take(&paid, A, 2, 100).unwrap();
        take(&paid, A, 3, 105).unwrap();
        let told = take(&paid, A, 1, 109).unwrap_err();
        assert_eq!(told, "at most 5 coins in 10s; 2");
        take(&paid, B, 5, 109).unwrap();
        take(&paid, A, 5, 110).unwrap();
        assert!(take(&paid, A, 1, 110).is_err());
        let told = take(&paid, A, 6, 200).unwrap_err();
        assert!(
            told.contains("more than this node pays one address"),
            "{told}"
        );
        assert!(told.contains("at most 5 in 10s"), "{told}");
    }

    #[test]
    fn an_address_is_paid_so_often_in_its_time() {
        let paid = paid("", "2/1m");
        take(&paid, A, 1_000, 0).unwrap();
        take(&paid, A, 1_000, 59).unwrap();
        assert_eq!(
            take(&paid, A, 1, 59).unwrap_err(),
            "at most 2 payments in 1m; 2"
        );
        take(&paid, A, 1, 60).unwrap();
    }

    #[test]
    fn one_is_one() {
        let coin = paid("1/10s", "");
        take(&coin, A, 1, 0).unwrap();
        assert_eq!(
            take(&coin, A, 1, 0).unwrap_err(),
            "at most 1 coin in 10s; 11"
        );
        let payment = paid("", "1/10s");
        take(&payment, A, 1, 0).unwrap();
        let told = take(&payment, A, 1, 0).unwrap_err();
        assert_eq!(told, "at most 1 payment in 10s; 11");
    }

    #[test]
    fn both_limits_hold_and_what_one_refuses_the_other_does_not_count() {
        let paid = paid("5/1h", "2/1m");
        take(&paid, A, 1, 0).unwrap();
        take(&paid, A, 1, 0).unwrap();
        assert!(take(&paid, A, 3, 0).unwrap_err().contains("payments"));
        take(&paid, A, 3, 60).unwrap();
        assert!(take(&paid, A, 1, 60).unwrap_err().contains("coins"));
    }

    #[test]
    fn what_was_not_paid_is_given_back_once_and_to_its_own_time() {
        let paid = paid("5/10s", "");
        let taken = take(&paid, A, 5, 0).unwrap();
        paid.give_back(&taken);
        assert!(paid.clients().is_empty());
        let early = take(&paid, A, 5, 1).unwrap();
        take(&paid, A, 5, 11).unwrap();
        paid.give_back(&early);
        assert!(take(&paid, A, 1, 11).is_err(), "its time was over");
    }

    #[test]
    fn a_user_of_version_6_is_one_client_and_a_mapped_address_is_its_own() {
        let paid = paid("5/10s", "");
        take(&paid, "2001:db8::1", 5, 0).unwrap();
        assert!(take(&paid, "2001:db8::2", 1, 0).is_err());
        take(&paid, A, 5, 0).unwrap();
        assert!(take(&paid, "::ffff:192.0.2.1", 1, 0).is_err());
    }

    #[test]
    fn at_once_no_more_is_taken_than_there_is() {
        let paid = paid("5/1h", "");
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..8).filter(|_| take(&paid, A, 1, 0).is_ok()).count()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(taken, 5);
    }

    #[test]
    fn the_number_of_clients_is_bounded_and_who_was_paid_is_not_forgotten() {
        let paid = paid("1/10s", "");
        let nth = |n: usize| IpAddr::from((n as u32 + (1 << 24)).to_be_bytes()).to_string();
        for n in 0..SOURCES_MAX {
            take(&paid, &nth(n), 1, 0).unwrap();
        }
        assert_eq!(take(&paid, A, 1, 0).unwrap_err(), "TooMany");
        assert!(take(&paid, &nth(0), 1, 9).is_err());
        take(&paid, A, 1, 10).unwrap();
        assert_eq!(paid.clients().len(), 1);
    }
}
