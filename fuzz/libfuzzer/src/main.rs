//! libFuzzer's main: tries the target that the variable `PLUGCOIN_TARGET` names.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static TARGET: OnceLock<plugcoin_fuzz::Target> = OnceLock::new();
    let hold = TARGET.get_or_init(|| {
        let name = std::env::var("PLUGCOIN_TARGET").unwrap_or_default();
        plugcoin_fuzz::target(&name).unwrap_or_else(|| panic!("there is no target `{name}`"))
    });
    hold(bytes);
});
