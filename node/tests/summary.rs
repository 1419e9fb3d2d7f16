//! What a node says of itself when it starts.

#![allow(clippy::unwrap_used, reason = "a test")]

use insta::assert_snapshot;
use plugcoin_host::{DEFAULTS, PluginRequest, Registry};
use plugcoin_node::cli::summary::Summary;
use plugcoin_sdk::ledger::{Hash, genesis};

fn summary(plugins: &[&str], set: &[&str]) -> Summary {
    let request = PluginRequest {
        plugins: plugins.iter().map(|name| name.parse().unwrap()).collect(),
        set: set.iter().map(|text| text.parse().unwrap()).collect(),
        ..PluginRequest::default()
    };
    let plan = Registry::compiled_in()
        .unwrap()
        .plan(&request, &DEFAULTS)
        .unwrap();
    Summary {
        version: "0.1.0".into(),
        address: "http://127.0.0.1:6000".into(),
        data_dir: "/home/alice/plugcoin".into(),
        files: ["blocks", "wallet", "peers", "rules"]
            .map(|kind| format!("{kind}-6000.json"))
            .to_vec(),
        wallet: Some(Hash::of("alice").to_string()),
        reward_to: None,
        peers: 3,
        height: 12,
        tip: genesis().hash(),
        waiting: 1,
        fingerprint: plan.fingerprint(),
        plugins: plan.manifests(),
    }
}

#[test]
fn plain() {
    assert_snapshot!("summary", summary(&[], &["zeros.zeros=3"]).text(false));
}

#[test]
fn a_verifying_signer_and_rewards_elsewhere() {
    let mut summary = summary(&[], &[]);
    summary.wallet = None;
    summary.reward_to = Some("Satoshi Nakamoto".into());
    assert_snapshot!("summary_without_wallet", summary.text(false));
}

#[test]
fn colours_change_nothing_but_colours() {
    let summary = summary(&[], &[]);
    let mut text = summary.text(true);
    assert!(text.starts_with("\u{1b}[1mPlugcoin"));
    for code in ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"] {
        text = text.replace(code, "");
    }
    assert_eq!(text, summary.text(false));
}
