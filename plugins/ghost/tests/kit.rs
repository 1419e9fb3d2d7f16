//! The behaviour suite of the hook.

use ghost::Ghost;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::fork_choice::check(&Ghost);
}
