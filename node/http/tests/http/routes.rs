//! Every endpoint's every answer, byte for byte.

use plugcoin_http::{Settings, Submitted, Unavailable, router};
use plugcoin_sdk::Invalid;
use plugcoin_sdk::ledger::{Hash, genesis};
use serde_json::Value;
use std::sync::Arc;

use crate::support::{Double, Transcript, answer, block, brief, get, post, request, transaction};

fn unavailable(unavailable: Unavailable) -> Double {
    Double {
        peers: Err(unavailable.clone()),
        levels: Err(unavailable.clone()),
        texts: [(Hash::of("b"), Err(unavailable.clone()))].into(),
        ..Double::submitting(Err(unavailable))
    }
}

#[tokio::test]
async fn getpeers() {
    let mut t = Transcript::default();
    t.ask("one", Double::default(), get("/getpeers")).await;
    let several = ["127.0.0.1:6000", "[::1]:6001", "node.example.org:80"];
    let peers = Ok(several.iter().map(|text| text.parse().unwrap()).collect());
    let double = Double {
        peers,
        ..Double::default()
    };
    t.ask("several", double, get("/getpeers")).await;
    let double = Double {
        peers: Ok(Vec::new()),
        ..Double::default()
    };
    t.ask("none", double, get("/getpeers?")).await;
    t.ask("query", Double::default(), get("/getpeers?all=1"))
        .await;
    t.ask("busy", unavailable(Unavailable::Busy), get("/getpeers"))
        .await;
    t.ask("fault", unavailable(Unavailable::Fault), get("/getpeers"))
        .await;
    t.check("getpeers");
}

#[tokio::test]
async fn getblocks() {
    let mut t = Transcript::default();
    let genesis = genesis();
    let chain = || {
        Double::with_chain(&[
            &[("g", genesis.text())],
            &[("b", r#"{"nr": 1}"#)],
            &[("c", r#"{"nr": 2}"#), ("d", r#"{"nr": 2,"side": 1}"#)],
        ])
    };
    let id = Hash::of("b");
    t.ask("all", chain(), get("/getblocks")).await;
    for (title, query) in [
        ("from a block", format!("?id={id}")),
        ("from a block, two levels", format!("?id={id}&limit=2")),
        ("a page", "?nr=1&limit=500".into()),
        ("a page without a limit", "?nr=0".into()),
        (
            "a page of the largest limit",
            format!("?limit={}&nr=0", u64::MAX),
        ),
    ] {
        let double = chain();
        t.ask(title, double, get(&format!("/getblocks{query}")))
            .await;
    }
    let above = Double {
        levels: Ok(Some(Vec::new())),
        ..Double::default()
    };
    t.ask("above the tip", above, get("/getblocks?nr=8&limit=1"))
        .await;
    let unknown = get(&format!("/getblocks?id={id}"));
    t.ask("unknown", Double::default(), unknown).await;
    for query in [
        "limit=5",
        "id=",
        "id=abc",
        "id=%ff%22%0a",
        "nr=",
        "nr=-1",
        "nr=%2B1",
        "nr=1.0",
        "nr=x",
        "nr=18446744073709551616",
        "nr=1&limit=0",
        "nr=1&nr=1",
        "nr=1&limit=",
        "hash=1",
        "NR=1",
        "%22%5C%00=1",
        "=",
        "nr",
    ] {
        let double = chain();
        t.ask("nonsense", double, get(&format!("/getblocks?{query}")))
            .await;
    }
    let both = get(&format!("/getblocks?nr=1&id={id}"));
    t.ask("both", chain(), both).await;
    t.ask("busy", unavailable(Unavailable::Busy), get("/getblocks"))
        .await;
    t.ask("fault", unavailable(Unavailable::Fault), get("/getblocks"))
        .await;
    let mut lost = chain();
    lost.texts.remove(&id);
    t.ask("a block is lost", lost, get("/getblocks")).await;
    t.check("getblocks");
}

#[tokio::test]
async fn getblocks_asks_for_what_was_meant() {
    let double = Arc::new(Double::with_chain(&[]));
    let app = plugcoin_http::router(double.clone(), plugcoin_http::Settings::default());
    let id = Hash::of("b");
    for query in [
        "".to_owned(),
        format!("?id={id}"),
        format!("?id={id}&limit=18446744073709551615"),
        "?nr=0&limit=1".into(),
        "?nr=9&limit=99999999".into(),
        "?nr=18446744073709551615".into(),
    ] {
        let status = answer(&app, get(&format!("/getblocks{query}")))
            .await
            .status();
        assert_eq!(status, 200, "{query}");
    }
    assert_eq!(
        double.asked(),
        [
            "All".to_owned(),
            format!("From {{ hash: {id}, limit: None }}"),
            format!("From {{ hash: {id}, limit: Some(18446744073709551615) }}"),
            "page 0 1".into(),
            "page 9 16384".into(),
            "page 18446744073709551615 16384".into(),
        ]
    );
}

#[tokio::test]
async fn getdata() {
    let mut t = Transcript::default();
    let genesis = genesis();
    let double = || Double::with_chain(&[&[("g", genesis.text())]]);
    let at = |name: &str| get(&format!("/getdata?id={}", Hash::of(name)));
    t.ask("the block", double(), at("g")).await;
    t.ask("unknown", double(), at("h")).await;
    for query in ["", "?", "?id=", "?id=0", "?id=1&id=1", "?nr=1"] {
        let request = get(&format!("/getdata{query}"));
        t.ask("nonsense", double(), request).await;
    }
    t.ask("busy", unavailable(Unavailable::Busy), at("b")).await;
    t.ask("fault", unavailable(Unavailable::Fault), at("b"))
        .await;
    t.check("getdata");
}

#[tokio::test]
async fn a_block_that_was_asked_for_twice_lies_ready_and_what_is_withheld_never() {
    let double = Arc::new(Double::with_chain(&[&[("a", "{A}")], &[("b", "{B}")]]));
    let app = router(double.clone(), Settings::default());
    let at = |name: &str| get(&format!("/getdata?id={}", Hash::of(name)));
    let ask = async |name: &str| {
        let answer = brief(answer(&app, at(name)).await).await;
        (answer, double.asked().len())
    };
    *double.withholds.lock().unwrap() = true;
    for _ in 0..3 {
        let ((status, _), asked) = ask("a").await;
        assert_eq!((status, asked), (404, 1));
    }
    *double.withholds.lock().unwrap() = false;
    for asked in [1, 1, 0, 0] {
        assert_eq!(ask("a").await, ((200, "{A}".to_owned()), asked));
    }
    assert_eq!(ask("b").await, ((200, "{B}".to_owned()), 1));
    // What was told once is told for ever.
    *double.withholds.lock().unwrap() = true;
    assert_eq!(ask("a").await, ((200, "{A}".to_owned()), 0));
    assert_eq!(ask("b").await.0.0, 404);
}

#[tokio::test]
async fn plugins_and_status() {
    let mut t = Transcript::default();
    for path in ["/plugins", "/status"] {
        t.ask("as it is", Double::default(), get(path)).await;
        let query = get(&format!("{path}?x=1"));
        t.ask("query", Double::default(), query).await;
        t.ask("busy", unavailable(Unavailable::Busy), get(path))
            .await;
        t.ask("fault", unavailable(Unavailable::Fault), get(path))
            .await;
    }
    t.check("plugins_and_status");
}

/// What may become of something posted.
fn outcomes() -> Vec<(&'static str, Result<Submitted, Unavailable>)> {
    let seal = Invalid::new("seal", "the hash is above the target")
        .observed("ff…")
        .required("0000ff…")
        .by("proof-of-work", "0.1.0");
    let hostile = Invalid::new("form", "a \"quote\", a \\ and a \u{1}\n\t\u{7f}\u{2028}é")
        .observed("\"},{\"errcode\": 200")
        .by("a\"b", "");
    let bare = Invalid::new("funds", "the sender does not hold the sum").for_now();
    vec![
        ("accepted", Ok(Submitted::Accepted(Hash::of("item")))),
        ("waiting", Ok(Submitted::Waiting(Hash::of("parent")))),
        ("known", Ok(Submitted::Known)),
        ("refused", Ok(Submitted::Refused(seal))),
        (
            "refused with hostile words",
            Ok(Submitted::Refused(hostile)),
        ),
        ("refused by the node itself", Ok(Submitted::Refused(bare))),
        ("no funds", Ok(Submitted::NoFunds)),
        ("too many", Ok(Submitted::TooMany)),
        (
            "paid enough",
            Ok(Submitted::PaidEnough {
                most: "2 coins in 1h".into(),
                retry_s: 1234,
            }),
        ),
        ("busy", Err(Unavailable::Busy)),
        ("fault", Err(Unavailable::Fault)),
    ]
}

#[tokio::test]
async fn post_block() {
    let mut t = Transcript::default();
    let text = block("C").text().to_owned();
    for (title, outcome) in outcomes() {
        let double = Double::submitting(outcome);
        t.ask(title, double, post("/block", text.clone())).await;
    }
    for (title, body) in [
        ("empty", Vec::new()),
        ("no JSON", b"hello".to_vec()),
        ("no UTF-8", b"{\"nr\": \"\xff\"}".to_vec()),
        ("an array", b"[1]".to_vec()),
        ("half", text.as_bytes()[..200].to_vec()),
        ("more than one", [text.as_bytes(), b"x"].concat()),
        (
            "an unknown key",
            text.replace("\"count\"", "\"size\"").into(),
        ),
        ("over the ledger's bound", {
            let more = format!("{},", transaction().text()).repeat(10_000);
            text.replace("[{", &format!("[{more}{{")).into()
        }),
        ("over the body's bound", vec![b' '; (2 << 20) + 1]),
    ] {
        t.ask(title, Double::default(), post("/block", body)).await;
    }
    let query = post("/block?x=1", text);
    t.ask("query", Double::default(), query).await;
    t.check("post_block");
}

#[tokio::test]
async fn post_inv() {
    let mut t = Transcript::default();
    let text = transaction().text().to_owned();
    for (title, outcome) in outcomes() {
        let double = Double::submitting(outcome);
        t.ask(title, double, post("/inv", text.clone())).await;
    }
    for (title, body) in [
        ("empty", String::new()),
        ("no object", "7".into()),
        ("a sum that is none", text.replace("0.80", "1e3")),
        ("a sum as text", text.replace("0.80", "\"0.80\"")),
        ("a sum of zero", text.replace("0.80", "0.0")),
        ("an escape", text.replace("bob", "b\\u006fb")),
        ("over the body's bound", " ".repeat((16 << 10) + 1)),
    ] {
        t.ask(title, Double::default(), post("/inv", body)).await;
    }
    t.check("post_inv");
}

#[tokio::test]
async fn post_money() {
    let mut t = Transcript::default();
    let text = r#"{"to": "bob","sum": 2}"#;
    for (title, outcome) in outcomes() {
        let double = Double::submitting(outcome);
        t.ask(title, double, post("/money", text)).await;
    }
    let spaced = " {\n\"sum\" : 2.50 , \"to\":\"bob\" }\n";
    t.ask(
        "the sum's own text",
        Double::default(),
        post("/money", spaced),
    )
    .await;
    for body in [
        "",
        "null",
        r#"["bob",2]"#,
        r#"{"to": "bob"}"#,
        r#"{"to": "bob","sum": 2,"fee": 1}"#,
        r#"{"to": "bob","sum": 2,"sum": 2}"#,
        r#"{"to": "bob","sum": "2"}"#,
        r#"{"to": "bob","sum": 0.0}"#,
        r#"{"to": "bob","sum": -1}"#,
        r#"{"to": "bob","sum": 1e2}"#,
        r#"{"to": "bob","sum": 10000000000.00000001}"#,
        r#"{"to": 7,"sum": 2}"#,
        r#"{"to": "","sum": 2}"#,
        r#"{"to": "b\u006fb","sum": 2}"#,
        r#"{"to": "bob","sum": 2} x"#,
    ] {
        t.line(&format!("body: {body}"));
        t.ask("nonsense", Double::default(), post("/money", body))
            .await;
    }
    let long = " ".repeat((4 << 10) + 1);
    t.ask(
        "over the body's bound",
        Double::default(),
        post("/money", long),
    )
    .await;
    t.check("post_money");
}

#[tokio::test]
async fn what_is_no_route() {
    let mut t = Transcript::default();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/getpeers/"),
        ("GET", "/GETPEERS"),
        ("GET", "//getpeers"),
        ("GET", "/%67etpeers"),
        ("GET", "/%ff"),
        ("POST", "/blocks"),
        ("OPTIONS", "*"),
        ("POST", "/getpeers"),
        ("GET", "/block"),
        ("GET", "/inv"),
        ("DELETE", "/money"),
        ("OPTIONS", "/money"),
        ("BREW", "/getblocks"),
        ("HEAD", "/inv"),
        ("HEAD", "/getpeers"),
    ] {
        let request = request(method, path, "");
        t.ask("no route", Double::default(), request).await;
    }
    t.check("no_route");
}

#[tokio::test]
async fn a_fault_of_the_node_is_an_answer_too() {
    let mut t = Transcript::default();
    let panics = Double {
        panics: true,
        ..Double::default()
    };
    t.ask("a panic", panics, get("/getpeers")).await;
    let mut unknown = get("/getpeers");
    unknown.extensions_mut().clear();
    t.ask("no address", Double::default(), unknown).await;
    t.check("fault");
}

#[tokio::test]
async fn every_answer_is_json_that_reads_back() {
    for (_, outcome) in outcomes() {
        let refused = outcome.clone();
        let double = Arc::new(Double::submitting(outcome));
        let app = plugcoin_http::router(double, plugcoin_http::Settings::default());
        let (status, body) =
            brief(answer(&app, post("/block", block("C").text().to_owned())).await).await;
        let value: Value = serde_json::from_str(&body).unwrap();
        if status >= 400 {
            assert_eq!(value["errcode"], status);
        }
        if let Ok(Submitted::Refused(invalid)) = refused {
            assert_eq!(value["errmsg"], *invalid.message);
            assert_eq!(value["rule"], *invalid.rule);
            assert_eq!(value.get("plugin").is_some(), !invalid.plugin.is_empty());
            let text = |key: &str| value.get(key).map(|text| text.as_str().unwrap().into());
            assert_eq!(text("observed"), invalid.observed);
            assert_eq!(text("required"), invalid.required);
        }
    }
}

#[tokio::test]
async fn any_content_type_is_taken() {
    let double = Arc::new(Double::default());
    let app = plugcoin_http::router(double.clone(), plugcoin_http::Settings::default());
    for kind in [
        &b"text/plain"[..],
        b"application/x-www-form-urlencoded",
        b"\xff",
        b"",
    ] {
        let request = post("/inv", transaction().text().to_owned());
        let request = crate::support::with(request, "content-type", kind);
        assert_eq!(answer(&app, request).await.status(), 200);
    }
    let id = transaction().id();
    assert_eq!(
        double.asked(),
        vec![format!("transaction {id} from 192.0.2.7"); 4]
    );
}
