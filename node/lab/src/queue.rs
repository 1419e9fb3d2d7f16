//! [`Queue`]: the virtual clock, and what is to happen when.

use std::collections::BTreeMap;

/// What is under way, by the moment at which it happens, and the clock that follows it.
///
/// * What happens at the same moment happens in the order in which it was put in.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    now_us: i64,
    put: u64,
    /// Boxed, since the map moves them about.
    waiting: BTreeMap<(i64, u64), Box<T>>,
}

impl<T> Queue<T> {
    /// A queue without anything in it, at this moment.
    pub(crate) fn new(now_us: i64) -> Self {
        Self {
            now_us,
            put: 0,
            waiting: BTreeMap::new(),
        }
    }

    pub(crate) fn now_us(&self) -> i64 {
        self.now_us
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Lets something happen then; now, if then is past.
    pub(crate) fn at(&mut self, at_us: i64, what: T) {
        self.put += 1;
        self.waiting
            .insert((at_us.max(self.now_us), self.put), Box::new(what));
    }

    /// The next thing until a moment. The clock goes on to it, or to that moment if there is none.
    pub(crate) fn next_until(&mut self, end_us: i64) -> Option<T> {
        let first = self.waiting.first_entry();
        match first.filter(|first| first.key().0 <= end_us) {
            Some(first) => {
                let ((at_us, _), what) = first.remove_entry();
                self.now_us = at_us;
                Some(*what)
            }
            None => {
                self.now_us = self.now_us.max(end_us);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_order_and_the_clock_never_goes_back() {
        let mut queue = Queue::new(10);
        queue.at(30, 'c');
        queue.at(20, 'a');
        queue.at(20, 'b');
        assert_eq!(queue.next_until(15), None);
        assert_eq!(queue.now_us(), 15);
        assert_eq!(queue.next_until(29), Some('a'));
        assert_eq!((queue.now_us(), queue.len()), (20, 2));
        queue.at(5, 'd');
        let rest: Vec<char> = std::iter::from_fn(|| queue.next_until(30)).collect();
        assert_eq!(rest, ['b', 'd', 'c']);
        assert_eq!(queue.now_us(), 30);
    }
}
