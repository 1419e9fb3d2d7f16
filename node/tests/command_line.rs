//! What the program prints: help, lists, refusals; and how it ends.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use insta::assert_snapshot;
use plugcoin_node::cli::ExitCode;
use program::node;

/// What the program prints in an empty folder.
fn printed(args: &str) -> String {
    node(tempfile::tempdir().unwrap().path(), args).text()
}

#[test]
fn help() {
    for (name, args) in [
        ("help", "--help"),
        ("help_short", "-h"),
        ("help_wallet", "wallet --help"),
        ("help_wallet_new", "wallet new --help"),
        ("help_wallet_passphrase", "wallet passphrase --help"),
        ("help_wallet_show", "wallet show --help"),
        ("help_wallet_balance", "wallet balance --help"),
        ("help_wallet_send", "wallet send --help"),
        ("help_chain", "chain --help"),
        ("help_chain_show", "chain show --help"),
        ("help_chain_verify", "chain verify --help"),
        ("help_chain_repair", "chain repair --help"),
        ("help_plugins", "plugins --help"),
        ("help_plugins_list", "plugins list --help"),
        ("help_plugins_new", "plugins new --help"),
        ("help_plugins_check", "plugins check --help"),
        ("help_snapshot", "snapshot --help"),
        ("help_snapshot_record", "snapshot record --help"),
        ("help_snapshot_check", "snapshot check --help"),
        ("help_bench", "bench --help"),
    ] {
        assert_snapshot!(name, printed(args));
    }
}

#[test]
fn plugins() {
    assert_snapshot!("plugins_list", printed("plugins list --plugin-dir ."));
    let json = printed("plugins list --json --plugin-dir .");
    let json = json.strip_prefix("exit 0\n--- out\n").unwrap();
    let list: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(list["plugins"][0]["name"], "journal");
    assert_eq!(list["plugins"][0]["state"], "available");
}

#[test]
fn a_folder_of_plugins_that_is_not_there() {
    for args in [
        "plugins list --plugin-dir none",
        "wallet show --plugin-dir none",
    ] {
        let said = printed(args);
        assert!(said.starts_with("exit 3"), "{said}");
        assert!(
            said.contains("the folder of plugins none does not exist"),
            "{said}"
        );
    }
}

#[test]
fn the_trial_is_for_the_node_itself() {
    let said = printed("plugins trial x");
    assert!(said.starts_with("exit 3"), "{said}");
    assert!(said.contains("node plugins check"), "{said}");
}

#[test]
fn exit_codes() {
    let codes: Vec<String> = ExitCode::ALL
        .iter()
        .map(|code| format!("{} {code:?}: {}", *code as u8, code.meaning()))
        .collect();
    assert_snapshot!("exit_codes", codes.join("\n"));
}

#[test]
fn usage() {
    for (name, args) in [
        ("usage_unknown_option", "--prot 6000"),
        ("usage_port", "--port 66000"),
        ("usage_host", "--host example.org"),
        ("usage_peer", "--peer 127.0.0.1"),
        ("usage_advertise", "--advertise 0.0.0.0:1"),
        ("usage_set", "--set zeros"),
        ("usage_money_per_client", "--money-per-client 2"),
        ("usage_money_rate", "--money-rate often"),
        ("usage_money_token", "--money-tokens secret"),
        ("usage_mine", "--mine=often"),
        ("usage_mine_interval", "--mine-interval 5"),
        ("usage_reward_to", "--reward-to System"),
        ("usage_threads", "--threads 0"),
        ("usage_log", "--log hyper=loud"),
        ("usage_log_format", "--log-format xml"),
        ("usage_misplaced", "--port 6001 wallet show"),
        ("usage_unknown_command", "walet"),
        ("usage_send_sum", "wallet send --to K --sum 1e3"),
        ("usage_send_to", "wallet send --to System --sum 1"),
        ("usage_send_incomplete", "wallet send"),
        (
            "usage_node_url",
            "wallet balance --node https://127.0.0.1:6000",
        ),
    ] {
        assert_snapshot!(name, printed(args));
    }
}

#[test]
fn configuration() {
    for (name, args) in [
        (
            "configuration_unknown_plugin",
            "wallet show --plugin ed25591 --plugin-dir .",
        ),
        (
            "configuration_twice",
            "wallet show --plugin zeros --plugin zeros",
        ),
        (
            "configuration_set_unknown_plugin",
            "wallet show --set zeross.zeros=1 --plugin-dir .",
        ),
        (
            "configuration_unknown_option",
            "wallet show --set zeros.zero=1",
        ),
        (
            "configuration_ill_typed",
            "wallet show --set zeros.zeros=five",
        ),
        (
            "configuration_set_twice",
            "wallet show --set zeros.zeros=1 --set zeros.zeros=2",
        ),
        ("configuration_no_file", "--config gone.toml"),
        ("configuration_port_zero", "wallet show --port 0"),
        ("configuration_no_wallet", "wallet show"),
        ("configuration_no_chain", "chain show"),
    ] {
        assert_snapshot!(name, printed(args));
    }
}

#[test]
fn configuration_file() {
    for (name, toml) in [
        ("file_unknown_key", "prot = 6000"),
        ("file_port", "port = 66000"),
        ("file_host", "host = \"example.org\""),
        ("file_peer", "peer = [\"127.0.0.1:0\"]"),
        ("file_duration", "port = 6000\nmine-interval = \"1\""),
        ("file_money", "money-per-client = \"2\""),
        ("file_set", "[set]\nzeros = 5"),
        ("file_set_value", "[set.zeros]\nzeros = \"five\""),
        ("file_format", "log-format = \"xml\""),
        ("file_no_toml", "port: 6000"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("plugcoin.toml"), toml).unwrap();
        let found = node(dir.path(), "wallet show");
        assert_snapshot!(name, found.text());
        std::fs::rename(dir.path().join("plugcoin.toml"), dir.path().join("x.toml")).unwrap();
        let named = node(dir.path(), "wallet show --config x.toml");
        assert_eq!(
            named.text().replace("x.toml", "plugcoin.toml"),
            found.text()
        );
    }
}

#[test]
fn the_file_says_where_the_wallet_is_and_the_command_line_wins() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plugcoin.toml");
    std::fs::write(file, "port = 6007\ndata-dir = \"data\"").unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    assert_eq!(node(dir.path(), "wallet new --port 6008").code, 0);
    assert_eq!(node(dir.path(), "wallet new --data-dir .").code, 0);
    for made in [
        "data/wallet-6007.json",
        "data/wallet-6008.json",
        "wallet-6007.json",
    ] {
        assert!(dir.path().join(made).is_file(), "{made}");
    }
}
