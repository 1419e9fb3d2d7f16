//! What `node bench` prints.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use insta::assert_snapshot;
use plugcoin_bench::{Effort, Growth, MEASURES, Workbench};
use plugcoin_host::Loader;
use program::node;
use serde_json::Value;

#[test]
fn what_can_be_measured_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    assert_snapshot!("bench_list", node(dir.path(), "bench --list").text());
    assert_snapshot!("bench_unknown", node(dir.path(), "bench mininng").text());
}

/// A cheap measure, whatever its ratio.
#[test]
fn json_is_a_list_of_measures_with_their_ratios() {
    let dir = tempfile::tempdir().unwrap();
    let ended = node(
        dir.path(),
        "bench hook.compiled mining.t1 --quick --json --dir .",
    );
    assert!(ended.text().starts_with("exit 0\n"), "{}", ended.text());
    let list: Value = serde_json::from_str(&ended.out).unwrap();
    let list = list.as_array().unwrap();
    let names: Vec<&str> = list.iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mining.t1.avx512", "hook.compiled"]);
    for object in list {
        let name = &object["name"];
        let measure = MEASURES
            .iter()
            .find(|measure| *name == measure.name)
            .unwrap();
        assert_eq!(object["target"].as_f64(), measure.target);
        assert_eq!(object["direction"], measure.direction.name());
        assert_eq!(object["unit"], measure.unit);
        let not_here = object.get("not_here").is_some();
        assert_eq!(object["ratio"].is_null(), not_here, "{object}");
        assert!(
            not_here || object["ratio"].as_f64().unwrap() > 0.0,
            "{object}"
        );
    }
}

/// A short chain: what is measured is there, whatever it is.
#[test]
fn what_things_cost_has_a_row_for_each_length() {
    let dir = tempfile::tempdir().unwrap();
    let workbench = Workbench {
        effort: Effort {
            rounds: 1,
            ..Effort::QUICK
        },
        dir: dir.path().to_owned(),
        loader: Loader {
            dir: None,
            program: env!("CARGO_BIN_EXE_node").into(),
            pins: Vec::new(),
            trial: Loader::TRIAL,
        },
    };
    let growth = Growth::measure(&workbench, 600).unwrap();
    let object = growth.json();
    assert_eq!(object["blocks"], 600);
    for (name, figure) in object.as_object().unwrap() {
        let unknown = ["memory_bytes", "getdata_us"].contains(&name.as_str()) && figure.is_null();
        assert!(unknown || figure.as_f64().unwrap() > 0.0, "{name} {figure}");
    }
    assert_eq!(growth.row()[0], "600");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(
        left, 1,
        "the folder of the node that served, and no other file"
    );
}
