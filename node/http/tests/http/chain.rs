//! Long chains: streamed whole, bounded as pages, broken off at a fault.

use axum::body::HttpBody;
use axum::response::Response;
use plugcoin_http::{Settings, Unavailable, router};
use plugcoin_sdk::ledger::Hash;
use serde_json::Value;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use crate::support::{Double, Running, answer, brief, get};

/// A chain of so many levels with texts of so many bytes; every third level has a side block.
fn long(levels: usize, bytes: usize) -> Double {
    let text = |name: &str| format!("\"{name}{}\"", "x".repeat(bytes - name.len())).into_bytes();
    let mut double = Double::default();
    let mut hashes = Vec::new();
    for nr in 0..levels {
        let mut names = vec![format!("{nr}-")];
        if nr % 3 == 2 {
            names.push(format!("{nr}-side-"));
        }
        let of = |name: &String| (Hash::of(name), Ok(text(name)));
        double.texts.extend(names.iter().map(of));
        hashes.push(names.iter().map(|name| Hash::of(name)).collect());
    }
    double.levels = Ok(Some(hashes));
    double
}

/// The whole text as the protocol has it.
fn whole(double: &Double) -> String {
    let levels = double.levels.clone().unwrap().unwrap();
    let text = |hash| String::from_utf8(double.texts[hash].clone().unwrap()).unwrap();
    let levels: Vec<String> = levels
        .iter()
        .map(|level| format!("[{}]", level.iter().map(text).collect::<Vec<_>>().join(",")))
        .collect();
    format!("{{\"chain\": [{}]}}", levels.join(","))
}

#[tokio::test]
async fn a_chain_of_any_length_is_sent_whole() {
    for (levels, bytes) in [
        (1, 10),
        (300, 700),
        (3, 70_000),
        (400, 20),
        (9, 200_000),
        (1000, 500),
    ] {
        let double = long(levels, bytes);
        let expected = whole(&double);
        let app = router(Arc::new(double), Settings::default());
        let response = answer(&app, get("/getblocks")).await;
        let exact = response.body().size_hint().exact();
        assert_eq!(
            exact.is_some(),
            expected.len() <= 64 << 10 && levels < 256,
            "{levels} of {bytes}"
        );
        let (status, body) = brief(response).await;
        assert_eq!(status, 200);
        assert!(body == expected, "{levels} of {bytes}");
    }
}

#[tokio::test]
async fn a_page_has_at_most_four_mebibytes_and_at_least_one_level() {
    const MAX: usize = 4 << 20;
    // `{"chain": [` and `]}`; each level has `[`, `]`, and a comma but the first.
    let frame = 13;
    for (texts, served) in [
        (vec![MAX - frame - 2, 10], 1),
        (vec![MAX + 1, 10], 1),
        (vec![100, MAX - frame - 5 - 100], 2),
        (vec![100, MAX - frame - 5 - 99], 1),
        (vec![1 << 20; 5], 3),
        (vec![1000; 5000], MAX / 1003),
    ] {
        let mut double = Double::default();
        let name = |nr: usize| Hash::of(&nr.to_string());
        double.levels = Ok(Some((0..texts.len()).map(|nr| vec![name(nr)]).collect()));
        for (nr, bytes) in texts.iter().enumerate() {
            let text = format!("\"{}\"", "x".repeat(bytes - 2));
            double.texts.insert(name(nr), Ok(text.into_bytes()));
        }
        let app = router(Arc::new(double), Settings::default());
        let (_, body) = brief(answer(&app, get("/getblocks?nr=0&limit=9999")).await).await;
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["chain"].as_array().unwrap().len(), served);
        assert!(body.len() <= MAX || served == 1, "{}", body.len());
    }
}

#[tokio::test]
async fn a_page_that_was_sent_before_lies_ready_and_is_the_same() {
    let double = Arc::new(long(400, 700));
    let app = router(double.clone(), Settings::default());
    let texts_asked = || std::mem::take(&mut *double.texts_asked.lock().unwrap());
    for (query, asked_first, asked_again) in [
        // 64 levels of it make a run.
        ("nr=0&limit=256", 4, 0),
        // What pages share lies ready, but for where they begin and end.
        ("nr=64&limit=100", 1, 0),
        ("nr=10&limit=246", 1, 0),
        // A page that lay ready in parts, but is short, has its length.
        ("nr=126&limit=4", 2, 0),
        // Where the chain ends today is not kept.
        ("nr=320&limit=256", 2, 1),
        ("nr=400&limit=9", 0, 0),
    ] {
        let ask = async || {
            let response = answer(&app, get(&format!("/getblocks?{query}"))).await;
            let is_whole = response.body().size_hint().exact().is_some();
            (is_whole, brief(response).await)
        };
        let (_, (status, body)) = ask().await;
        assert_eq!((status, texts_asked()), (200, asked_first), "{query}");
        let (is_whole, again) = ask().await;
        assert_eq!(texts_asked(), asked_again, "{query}");
        assert_eq!(again, (200, body.clone()), "{query}");
        assert!(is_whole || asked_again > 0, "{query}");
        // From then on it is one piece, unless it ends where the chain does today.
        let response = answer(&app, get(&format!("/getblocks?{query}"))).await;
        let (pieces, third) = in_pieces(response).await;
        assert_eq!(third, body, "{query}");
        assert_eq!(pieces == 1, asked_first > 0 && asked_again == 0, "{query}");
        texts_asked();
        // One by one they lie ready nowhere.
        let mut levels = Vec::new();
        let value: Value = serde_json::from_str(&body).unwrap();
        let nr: usize = query[3..query.find('&').unwrap()].parse().unwrap();
        for (n, level) in value["chain"].as_array().unwrap().iter().enumerate() {
            let hash = double.levels.as_ref().unwrap().as_ref().unwrap()[nr + n][0];
            let text = String::from_utf8(double.texts[&hash].clone().unwrap()).unwrap();
            assert_eq!(level[0].to_string(), text);
            levels.push(format!("[{text}]"));
        }
        assert_eq!(body, format!("{{\"chain\": [{}]}}", levels.join(",")));
    }
}

#[tokio::test]
async fn a_run_that_was_not_at_hand_to_its_end_is_read_again() {
    let double = Arc::new(long(400, 700));
    let app = router(double.clone(), Settings::default());
    let ask = async |texts_max| {
        *double.texts_max.lock().unwrap() = texts_max;
        let (_, body) = brief(answer(&app, get("/getblocks?nr=0&limit=64")).await).await;
        (
            std::mem::take(&mut *double.texts_asked.lock().unwrap()),
            body,
        )
    };
    let (asked, body) = ask(10).await;
    assert_eq!(asked, 7);
    assert_eq!(ask(usize::MAX).await, (1, body.clone()));
    assert_eq!(ask(usize::MAX).await, (0, body));
}

/// How many pieces an answer's body has, and all of it.
async fn in_pieces(response: Response) -> (usize, String) {
    let (mut body, mut pieces, mut bytes) = (response.into_body(), 0, Vec::new());
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        pieces += 1;
        bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    (pieces, String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn a_fault_on_the_way_breaks_the_connection_off() {
    for fault in [Some(Unavailable::Fault), Some(Unavailable::Busy), None] {
        let mut double = long(500, 1000);
        match fault {
            Some(fault) => double.texts.insert(Hash::of("400-"), Err(fault)),
            None => double.texts.remove(&Hash::of("400-")),
        };
        let node = Running::start(double, Settings::default()).await;
        let mut wire = node.connect().await;
        wire.send("GET /getblocks HTTP/1.1\r\n\r\n").await;
        let got = wire.read_to_end().await;
        assert!(got.starts_with("HTTP/1.1 200 OK\r\n"), "{got:.200}");
        assert!(got.contains("\"300-"), "it was sent as it was read");
        assert!(
            !got.ends_with("0\r\n\r\n"),
            "the last chunk would mean a whole answer"
        );
        assert!(!got.contains("]}"), "nor does the JSON end");
    }
}
