use serde_json::json;

use super::*;

fn given(toml: &str) -> Given {
    toml::from_str(toml).unwrap()
}

#[test]
fn nothing_given_has_defaults() {
    let config = Config::from(Given::default());
    assert_eq!(config.port, 6000);
    assert_eq!(config.host, Ipv4Addr::LOCALHOST);
    assert_eq!(config.data_dir, Path::new("."));
    assert_eq!(config.mine_interval, Duration::from_secs(1));
    assert!(!config.mine && config.peers.is_empty() && config.plugins.is_empty());
    assert!(values::log_filter(&config.log).is_ok());
    assert_eq!(config.file("wallet", 6001), Path::new("./wallet-6001.json"));
}

#[test]
fn a_file_may_hold_every_option() {
    let config = Config::from(given(
        r#"
        port = 6001
        host = "0.0.0.0"
        data-dir = "here"
        peer = ["127.0.0.1:6000", "node.example.org:6000"]
        advertise = "node.example.org:6001"
        faucet = true
        money-token = "@token"
        money-per-client = "2/1h"
        money-rate = "10/1m"
        plugin = ["retarget"]
        mine = true
        mine-interval = "500ms"
        reward-to = "K"
        threads = 3
        log = "debug"
        log-format = "json"
        [set]
        "retarget.window" = 20
        [set.fixed-reward]
        reward = 0.5
        "#,
    ));
    assert_eq!(config.port, 6001);
    assert_eq!(config.host, Ipv4Addr::UNSPECIFIED);
    assert_eq!(config.data_dir, Path::new("here"));
    assert_eq!(config.peers.len(), 2);
    assert_eq!(
        config.advertise.unwrap().to_string(),
        "node.example.org:6001"
    );
    assert!(config.faucet);
    assert_eq!(config.money_token, Some(MoneyToken::InFile("token".into())));
    assert_eq!(config.money_per_client, Per::coins("2/1h").ok());
    assert_eq!(config.money_rate, Per::times("10/1m").ok());
    assert_eq!(config.plugins, ["retarget".parse().unwrap()]);
    assert!(config.mine);
    assert_eq!(config.mine_interval, Duration::from_millis(500));
    assert_eq!(config.reward_to.as_deref(), Some("K"));
    assert_eq!(config.threads.get(), 3);
    assert_eq!(config.log, "debug");
    assert_eq!(config.log_format, LogFormat::Json);
    let set: Vec<_> = config
        .set
        .iter()
        .map(|setting| (setting.to_string(), setting.value.clone()))
        .collect();
    assert!(set.contains(&("retarget.window".into(), json!(20))));
    assert!(set.contains(&("fixed-reward.reward".into(), json!(0.5))));
}

#[test]
fn plugins_options_have_three_spellings_and_all_types() {
    for toml in [
        "set = { \"p.o\" = 1 }",
        "[set]\n\"p.o\" = 1",
        "[set]\np.o = 1",
        "[set.p]\no = 1",
    ] {
        let set = given(toml).set;
        assert_eq!(
            (set[0].to_string().as_str(), &set[0].value),
            ("p.o", &json!(1)),
            "{toml}"
        );
    }
    let value = |text: &str| given(&format!("[set.p]\no = {text}")).set[0].value.clone();
    assert_eq!(value("\"a\""), json!("a"));
    assert_eq!(value("true"), json!(true));
    assert_eq!(value("0.25"), json!(0.25));
    assert_eq!(value("[1, {a = \"b\"}]"), json!([1, {"a": "b"}]));
    assert_eq!(value("2020-05-14"), json!("2020-05-14"));
    assert!(toml::from_str::<Given>("[set.p]\no = nan").is_err());
}

#[test]
fn the_command_line_wins() {
    let file = given(
        "port = 6001\nhost = \"0.0.0.0\"\nmine = true\npeer = [\"127.0.0.1:1\"]\nplugin = [\"a\"]\n[set.p]\nx = 1\ny = 2",
    );
    let line = Given {
        port: Some(7000),
        mine: Some(false),
        plugin: vec!["b".parse().unwrap()],
        set: vec!["p.x=9".parse().unwrap()],
        ..Given::default()
    };
    let both = line.over(file);
    assert_eq!(both.port, Some(7000));
    assert_eq!(both.host, Some(Ipv4Addr::UNSPECIFIED.into()));
    assert_eq!(both.mine, Some(false));
    assert_eq!(
        both.plugin,
        ["b".parse().unwrap()],
        "a list that is given replaces the other"
    );
    assert_eq!(both.peer.len(), 1);
    let set: Vec<_> = both
        .set
        .iter()
        .map(|s| (s.option.as_str(), &s.value))
        .collect();
    assert_eq!(set, [("y", &json!(2)), ("x", &json!("9"))]);
}

#[test]
fn the_data_directory_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::from(Given::default());
    config.data_dir = dir.path().join("a/b");
    config.make_data_dir().unwrap();
    config.make_data_dir().unwrap();
    assert!(config.data_dir.is_dir());
    config.data_dir = dir.path().join("file");
    std::fs::write(&config.data_dir, "").unwrap();
    let error = config.make_data_dir().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("--data-dir"), "{error}");
}

#[test]
fn a_file_that_is_no_configuration_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("big.toml");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let error = Config::load(Given::default(), Some(&path)).unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}
