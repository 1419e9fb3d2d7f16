//! [`Places`]: how many connections may be open at once, and which one makes room for another.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

use crate::limits::CONNECTIONS_CLOSING_MAX;

/// The places of all connections.
///
/// * A source is an IPv4 address or an IPv6 network of 64 bits, which is what one client gets. It has a
///   bound of its own; loopback has none.
/// * With all places taken, the connection goes that has waited longest for its client: for a request,
///   for the rest of one, or to be rid of an answer. One whose request is being answered never does.
/// * So whoever only holds connections keeps nobody out.
/// * A connection that had to go holds its socket until its task has seen it: such ones are counted too,
///   and the next waits while there are [`CONNECTIONS_CLOSING_MAX`] beyond all places.
#[derive(Clone)]
pub(crate) struct Places(Arc<Inner>);

struct Inner {
    max: usize,
    each_max: usize,
    open: Mutex<Open>,
    /// Somebody has gone, or begun to wait for its client.
    changed: Notify,
    /// Counts what happened: an order in time without a clock.
    moment: AtomicU64,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_id: HashMap<u64, Connection>,
    /// How many have to go and haven't yet.
    closing: usize,
}

struct Connection {
    source: Option<IpAddr>,
    life: Arc<Life>,
}

/// What is known of a connection from outside.
#[derive(Default)]
struct Life {
    /// Since which moment it waits for its client; 0 if it doesn't.
    waits_since: AtomicU64,
    /// It has to go.
    close: Notify,
}

/// One connection's place; given back when dropped.
pub(crate) struct Place {
    places: Places,
    id: u64,
    life: Arc<Life>,
}

/// Says of a connection whether it waits for its client.
pub(crate) struct Waiting {
    places: Places,
    life: Arc<Life>,
}

enum Taken {
    Place(Place),
    /// Its source has all that it may, and is being answered on each.
    Refused,
    /// Everybody is being answered, or too many that have to go haven't yet.
    Full,
}

impl Places {
    /// So many places, and so many for each source.
    pub(crate) fn new(max: usize, each_max: usize) -> Self {
        Self(Arc::new(Inner {
            max,
            each_max,
            open: Mutex::default(),
            changed: Notify::new(),
            moment: AtomicU64::new(1),
        }))
    }

    /// A place for one more connection, as soon as there is one; none if its source has all that it may
    /// and none of them could go.
    pub(crate) async fn take(&self, ip: IpAddr) -> Option<Place> {
        loop {
            match self.try_take(ip) {
                Taken::Place(place) => return Some(place),
                Taken::Refused => return None,
                Taken::Full => self.0.changed.notified().await,
            }
        }
    }

    fn try_take(&self, ip: IpAddr) -> Taken {
        let source = source(ip);
        let mut open = self.open();
        if open.by_id.len() + open.closing >= self.0.max + CONNECTIONS_CLOSING_MAX {
            return Taken::Full;
        }
        let siblings = |other: &&Connection| other.source == source;
        if source.is_some() && open.by_id.values().filter(siblings).count() >= self.0.each_max {
            if !open.close_oldest(|other| other.source == source) {
                return Taken::Refused;
            }
        } else if open.by_id.len() >= self.0.max && !open.close_oldest(|_| true) {
            return Taken::Full;
        }
        let id = open.next;
        open.next += 1;
        let life = Arc::<Life>::default();
        let connection = Connection {
            source,
            life: life.clone(),
        };
        open.by_id.insert(id, connection);
        Taken::Place(Place {
            places: self.clone(),
            id,
            life,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes the one of these that has waited longest for its client; false if none waits.
    fn close_oldest(&mut self, which: impl Fn(&Connection) -> bool) -> bool {
        let waiting = self.by_id.iter().filter_map(|(id, connection)| {
            let since = connection.life.waits_since.load(Ordering::Relaxed);
            (since > 0 && which(connection)).then_some((since, *id))
        });
        let Some((_, id)) = waiting.min() else {
            return false;
        };
        if let Some(gone) = self.by_id.remove(&id) {
            gone.life.close.notify_one();
            self.closing += 1;
        }
        true
    }
}

impl Place {
    /// Whoever carries the connection says by this when it waits.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting {
            places: self.places.clone(),
            life: self.life.clone(),
        }
    }

    /// Waits until the connection has to make room.
    pub(crate) async fn lost(&self) {
        self.life.close.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open();
        if open.by_id.remove(&self.id).is_none() {
            open.closing -= 1;
        }
        drop(open);
        self.places.0.changed.notify_one();
    }
}

impl Waiting {
    /// From now on, unless it did already.
    pub(crate) fn begin(&self) {
        if self.life.waits_since.load(Ordering::Relaxed) == 0 {
            let moment = self.places.0.moment.fetch_add(1, Ordering::Relaxed);
            self.life.waits_since.store(moment, Ordering::Relaxed);
            self.places.0.changed.notify_one();
        }
    }

    /// The client did something.
    pub(crate) fn end(&self) {
        self.life.waits_since.store(0, Ordering::Relaxed);
    }
}

fn source(ip: IpAddr) -> Option<IpAddr> {
    match ip.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V6(ip) => {
            let network = ip.to_bits() & !u128::from(u64::MAX);
            Some(Ipv6Addr::from_bits(network).into())
        }
        ip => Some(ip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Places, ip: &str) -> Option<Place> {
        match places.try_take(ip.parse().unwrap()) {
            Taken::Place(place) => Some(place),
            Taken::Refused | Taken::Full => None,
        }
    }

    fn open(places: &Places) -> usize {
        places.open().by_id.len()
    }

    #[test]
    fn a_source_has_so_many_places_and_gets_them_back() {
        let places = Places::new(10, 2);
        let first = take(&places, "192.0.2.1").unwrap();
        let _second = take(&places, "::ffff:192.0.2.1").unwrap();
        assert!(take(&places, "192.0.2.1").is_none());
        assert!(take(&places, "192.0.2.2").is_some());
        drop(first);
        assert!(take(&places, "192.0.2.1").is_some());
        assert_eq!(open(&places), 1);
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_loopback_is_none() {
        let places = Places::new(10, 1);
        let _held = take(&places, "2001:db8::1").unwrap();
        assert!(take(&places, "2001:db8::ffff:1").is_none());
        assert!(take(&places, "2001:db8:0:1::1").is_some());
        let _loopback: Vec<Place> = ["127.0.0.1", "127.0.0.1", "::1", "::1"]
            .into_iter()
            .map(|ip| take(&places, ip).unwrap())
            .collect();
    }

    #[test]
    fn who_has_waited_longest_makes_room_and_who_is_answered_never() {
        let places = Places::new(3, 3);
        let held = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|ip| take(&places, ip).unwrap());
        assert!(take(&places, "192.0.2.4").is_none(), "all are answered");
        held[1].waiting().begin();
        held[0].waiting().begin();
        // That nothing came yet again makes it no younger.
        held[1].waiting().begin();
        let _fourth = take(&places, "192.0.2.4").unwrap();
        let gone = |place: &Place| !places.open().by_id.contains_key(&place.id);
        assert_eq!(held.each_ref().map(gone), [false, true, false]);
        held[0].waiting().end();
        assert!(take(&places, "192.0.2.5").is_none(), "it waits no more");
        drop(held);
        assert_eq!(open(&places), 1);
    }

    #[tokio::test]
    async fn who_has_to_go_is_counted_until_it_has_gone() {
        let places = Places::new(3, 3);
        let mut held = Vec::new();
        for n in 0..3 + CONNECTIONS_CLOSING_MAX {
            let place = take(&places, &format!("192.0.2.{n}")).unwrap();
            place.waiting().begin();
            held.push(place);
        }
        assert_eq!(open(&places), 3);
        let ip = "198.51.100.1".parse().unwrap();
        assert!(matches!(places.try_take(ip), Taken::Full));
        let next = {
            let places = places.clone();
            tokio::spawn(async move { places.take(ip).await })
        };
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        drop(held.remove(0));
        let _next = next.await.unwrap().unwrap();
        assert!(matches!(places.try_take(ip), Taken::Full));
        drop(held);
        assert_eq!(open(&places), 1);
        assert_eq!(places.open().closing, 0);
    }

    #[test]
    fn a_source_that_has_all_it_may_makes_room_itself() {
        let places = Places::new(10, 2);
        let others = take(&places, "192.0.2.9").unwrap();
        others.waiting().begin();
        let first = take(&places, "192.0.2.1").unwrap();
        let second = take(&places, "192.0.2.1").unwrap();
        second.waiting().begin();
        let _third = take(&places, "192.0.2.1").unwrap();
        let gone = |place: &Place| !places.open().by_id.contains_key(&place.id);
        assert!(!gone(&others) && !gone(&first) && gone(&second));
    }
}
