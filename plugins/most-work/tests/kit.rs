//! The behaviour suite of the hook.

use most_work::{MostWork, Tie};
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::fork_choice::check(&MostWork::new(Tie::SmallestHash));
    suite::fork_choice::check(&MostWork::new(Tie::FirstSeen));
}
