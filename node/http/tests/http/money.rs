//! Who may make the node pay.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use plugcoin_http::{Money, Settings, Token, router};
use std::sync::Arc;
use tokio::sync::Semaphore;

use crate::support::{Double, Transcript, answer, get, post, request, with};

const TOKEN: &str = "correct-horse-battery";

fn node(money: Money) -> (Arc<Double>, Router) {
    let double = Arc::new(Double::default());
    let settings = Settings {
        money,
        ..Settings::default()
    };
    (double.clone(), router(double, settings))
}

fn payment() -> Request<Body> {
    post("/money", r#"{"to": "bob","sum": 2}"#)
}

#[tokio::test]
async fn each_answer() {
    let mut t = Transcript::default();
    let (_, closed) = node(Money::Nobody);
    t.ask_of("nobody may", &closed, payment()).await;
    let (_, app) = node(Money::Token(Token::new(TOKEN)));
    t.ask_of("no token", &app, payment()).await;
    for (title, value) in [
        ("another token", "Bearer correct-horse".to_owned()),
        ("another scheme", format!("Basic {TOKEN}")),
        ("the token", format!("Bearer {TOKEN}")),
    ] {
        let request = with(payment(), "authorization", value.as_bytes());
        t.ask_of(title, &app, request).await;
    }
    t.check("money_allowed");
}

#[tokio::test]
async fn the_token_and_nothing_else_opens() {
    let (double, app) = node(Money::Token(Token::new(TOKEN)));
    let longer = format!("Bearer {TOKEN}x");
    let cased = format!("Bearer {}", TOKEN.to_uppercase());
    let twice = format!("Bearer {TOKEN} {TOKEN}");
    for value in [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        TOKEN,
        "Bearer correct-horse-batter",
        &longer,
        &cased,
        &twice,
        "Bearer \u{e9}",
        "Digest correct-horse-battery",
    ] {
        let request = with(payment(), "authorization", value.as_bytes());
        assert_eq!(answer(&app, request).await.status(), 401, "{value}");
    }
    // Of two, nobody could say which is meant.
    let value = format!("Bearer {TOKEN}");
    let two = with(payment(), "authorization", value.as_bytes());
    let two = with(two, "authorization", value.as_bytes());
    assert_eq!(answer(&app, two).await.status(), 401);
    assert!(double.asked().is_empty());

    for value in [
        format!("Bearer {TOKEN}"),
        format!("bearer {TOKEN}"),
        format!("BEARER   {TOKEN} "),
    ] {
        let request = with(payment(), "authorization", value.as_bytes());
        assert_eq!(answer(&app, request).await.status(), 200, "{value}");
    }
    assert_eq!(double.asked().len(), 3);
}

#[tokio::test]
async fn who_may_not_pay_is_told_so_whatever_else_is_wrong() {
    for (money, status) in [(Money::Nobody, 403), (Money::Token(Token::new(TOKEN)), 401)] {
        let (double, app) = node(money);
        for request in [
            post("/money", "nonsense"),
            post("/money", "x".repeat(5_000)),
            post("/money?x=1", ""),
        ] {
            assert_eq!(answer(&app, request).await.status(), status);
        }
        assert!(double.asked().is_empty());
        // All else is as ever.
        assert_eq!(answer(&app, get("/getpeers")).await.status(), 200);
        assert_eq!(answer(&app, get("/money")).await.status(), 405);
    }
}

#[tokio::test]
async fn a_guess_costs_what_a_push_does_and_who_has_none_left_learns_nothing() {
    let double = Arc::new(Double {
        pushes: Semaphore::new(3),
        ..Double::default()
    });
    let settings = Settings {
        money: Money::Token(Token::new(TOKEN)),
        ..Settings::default()
    };
    let app = router(double.clone(), settings);
    // What names no token is no guess.
    for _ in 0..5 {
        assert_eq!(answer(&app, payment()).await.status(), 401);
    }
    let guess = |token: &str, body: &str| {
        let value = format!("Bearer {token}");
        with(
            post("/money", body.to_owned()),
            "authorization",
            value.as_bytes(),
        )
    };
    assert_eq!(answer(&app, guess("wrong", "")).await.status(), 401);
    assert_eq!(answer(&app, guess("wrong", "")).await.status(), 401);
    assert_eq!(answer(&app, guess(TOKEN, "")).await.status(), 400);
    for token in ["wrong", TOKEN] {
        assert_eq!(answer(&app, guess(token, "")).await.status(), 429);
    }
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_page_of_another_site_does_not_get_by_with_the_token() {
    let (double, app) = node(Money::Token(Token::new(TOKEN)));
    let request = with(
        payment(),
        "authorization",
        format!("Bearer {TOKEN}").as_bytes(),
    );
    let request = with(request, "origin", b"http://evil.org");
    assert_eq!(answer(&app, request).await.status(), 403);
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn no_answer_lets_a_page_of_another_site_read_it() {
    let (_, app) = node(Money::Everybody);
    let preflight = |origin: &str| {
        let asks = request("OPTIONS", "/money", "");
        let asks = with(asks, "access-control-request-method", b"POST");
        with(asks, "origin", origin.as_bytes())
    };
    for request in [
        payment(),
        get("/status"),
        preflight("http://evil.org"),
        preflight("null"),
        with(get("/status"), "origin", b"http://evil.org"),
    ] {
        let answer = answer(&app, request).await;
        let mut names = answer.headers().keys();
        assert!(!names.any(|name| name.as_str().starts_with("access-control-")));
    }
}

#[test]
fn a_token_is_not_shown() {
    let shown = format!("{:?}", Money::Token(Token::new(TOKEN)));
    assert!(!shown.contains(TOKEN), "{shown}");
}
