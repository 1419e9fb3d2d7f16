//! The behaviour suite of the hook.

use memory::Memory;
use plugcoin_testkit::suite;
use std::sync::Arc;

#[test]
fn it_keeps_the_laws_of_its_hook_while_the_process_lives() {
    suite::storage::check(&|| {
        let memory = Arc::new(Memory::default());
        Box::new(move || memory.clone())
    });
}
