//! `docs/plugin-abi.md`: its examples are what really crosses the border.
//!
//! With `PLUGCOIN_WRITE_PAGE=1` the examples on the page are written anew.

#![allow(unsafe_code, reason = "the other side of the border")]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::Path;
use std::sync::Mutex;

use plugcoin_sdk::abi::{ABI_MAJOR, ABI_MINOR, ANSWER_BYTES_MAX, ENTRY, NOTE_NAME};
use plugcoin_sdk::plugin::Setup;
use serde_json::{Value, json};

use crate::c::{self, FAULT, OK, Sink, Table, UNKNOWN, bytes, enter, plugcoin_plugin};
use crate::{calls, example};

/// By method, what was asked and what was answered.
static EXCHANGES: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

static TABLE: Table = Table::of(create, call, destroy);

unsafe extern "C" fn entry(host: *const c_void) -> *const Table {
    // SAFETY: the host is what this function was given.
    unsafe { plugcoin_plugin(host) };
    &TABLE
}

/// The SDK's own table.
fn inner() -> &'static Table {
    // SAFETY: without a host the entry only gives its table, which lives as long as the program.
    unsafe { &*plugcoin_plugin(std::ptr::null()) }
}

/// Notes an exchange while it happens.
fn noted(method: &str, request: &[u8], sink: &Sink, run: impl FnOnce(*const Sink) -> i32) -> i32 {
    struct Context<'a> {
        sink: &'a Sink,
        messages: Vec<Vec<u8>>,
    }
    unsafe extern "C" fn write(context: *mut c_void, data: *const u8, len: usize) -> i32 {
        // SAFETY: the context is the one below, and the bytes live while this is called.
        let (context, data) = unsafe { (&mut *context.cast::<Context<'_>>(), bytes(data, len)) };
        context.messages.push(data.to_vec());
        i32::from(!context.sink.send(data))
    }
    let mut context = Context {
        sink,
        messages: Vec::new(),
    };
    let between = Sink {
        context: (&raw mut context).cast(),
        write,
    };
    let code = run(&raw const between);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines = format!("→ {}\n", text(request));
    let fault = if code == FAULT { "fault " } else { "" };
    assert!([OK, FAULT].contains(&code), "{method} returned {code}");
    for message in &context.messages {
        lines += &format!("← {fault}{}\n", text(message));
    }
    let mut exchanges = EXCHANGES.lock().unwrap();
    let of_method = exchanges.entry(method.to_owned()).or_default();
    if !of_method.contains(&lines) {
        of_method.push(lines);
    }
    code
}

unsafe extern "C" fn create(
    setup: *const u8,
    setup_len: usize,
    instance: *mut *mut c_void,
    sink: *const Sink,
) -> i32 {
    // SAFETY: what the host passes is passed on.
    unsafe {
        noted("create", bytes(setup, setup_len), &*sink, |sink| {
            inner().create.unwrap()(setup, setup_len, instance, sink)
        })
    }
}

unsafe extern "C" fn call(
    instance: *mut c_void,
    method: *const u8,
    method_len: usize,
    input: *const u8,
    input_len: usize,
    sink: *const Sink,
) -> i32 {
    // SAFETY: what the host passes is passed on.
    unsafe {
        let name = std::str::from_utf8(bytes(method, method_len)).unwrap();
        noted(name, bytes(input, input_len), &*sink, |sink| {
            inner().call.unwrap()(instance, method, method_len, input, input_len, sink)
        })
    }
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    // SAFETY: what the host passes is passed on.
    unsafe { inner().destroy.unwrap()(instance) }
}

#[test]
fn the_examples_on_the_page_are_what_crosses_the_border() {
    let library = enter(entry);
    let about = library.about().unwrap().remove(0);
    let setup = |coins: Value| Setup {
        plugin: "example".into(),
        values: vec![("coins".into(), coins)],
        data_dir: Some("data".into()),
        port: 6000,
    };
    library.resolve(&setup(json!(2))).unwrap();
    library.resolve(&setup(json!("many"))).unwrap_err();
    assert!(library.create(&setup(json!(0)), &about).is_err());
    let there = library.create(&setup(json!(2)), &about).unwrap();
    calls::make(&there, &example::provided());

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plugin-abi.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let exchanges = EXCHANGES.lock().unwrap();
    let wanted = with_examples(&page, &exchanges);
    if std::env::var_os("PLUGCOIN_WRITE_PAGE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(
        page == wanted,
        "the page is not what happens; with PLUGCOIN_WRITE_PAGE=1 this test writes it, and then \
         look at the difference"
    );
}

/// The page with these examples: beneath each heading `#### method`, the block of code.
fn with_examples(page: &str, exchanges: &BTreeMap<String, Vec<String>>) -> String {
    let mut parts = page.split("\n#### `");
    let mut written = parts.next().unwrap().to_owned();
    let mut left: Vec<&String> = exchanges.keys().collect();
    for part in parts {
        let (method, rest) = part.split_once('`').unwrap();
        let lines = exchanges.get(method);
        let lines = lines.unwrap_or_else(|| panic!("{method} was not called"));
        left.retain(|other| *other != method);
        let (before, block) = rest.split_once("\n```\n").unwrap();
        let (_, after) = block.split_once("```").unwrap();
        let lines = lines.join("\n");
        written += &format!("\n#### `{method}`{before}\n```\n{lines}```{after}");
    }
    assert!(left.is_empty(), "the page lacks {left:?}");
    written
}

#[test]
fn the_header_says_what_the_sdk_says() {
    let header = include_str!("../../../include/plugcoin_plugin.h");
    for line in [
        format!("#define PLUGCOIN_ABI_MAJOR {ABI_MAJOR}\n"),
        format!("#define PLUGCOIN_ABI_MINOR {ABI_MINOR}\n"),
        format!(
            "#define PLUGCOIN_ANSWER_BYTES_MAX ({}u << 20)\n",
            ANSWER_BYTES_MAX >> 20
        ),
        format!("PLUGCOIN_OK = {OK},\n"),
        format!("PLUGCOIN_FAULT = {FAULT},\n"),
        format!("PLUGCOIN_PANIC = {},\n", c::PANIC),
        format!("PLUGCOIN_UNKNOWN = {UNKNOWN}\n"),
        format!("const plugcoin_table *{ENTRY}("),
        format!("9, 16, 1, \"{NOTE_NAME}\""),
    ] {
        assert!(header.contains(&line), "{line}");
    }
}
