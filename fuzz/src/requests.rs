//! Any request to a node: it is answered, in the protocol's forms.

use arbitrary::{Result, Unstructured};
use plugcoin_snapshot::{Request, TestNode};
use serde_json::Value;

const METHODS: [&str; 6] = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"];

const PATHS: [&str; 10] = [
    "/getpeers",
    "/getblocks",
    "/getdata",
    "/block",
    "/inv",
    "/money",
    "/explain",
    "/plugins",
    "/status",
    "/",
];

const HEADERS: [&str; 9] = [
    "Peer-Port",
    "Peer-Address",
    "Tip",
    "Rules",
    "Node",
    "Origin",
    "Host",
    "Accept-Encoding",
    "Content-Type",
];

/// * No request is answered by a fault of the node, and none breaks it: it answers the next one.
/// * Every answer is JSON; a refusal says in words why.
pub(crate) fn hold(bytes: &[u8]) {
    let Ok(requests) = requests(&mut Unstructured::new(bytes)) else {
        return;
    };
    let node = TestNode::builder().set("zeros.zeros", 0).start().unwrap();
    for request in requests {
        // What HTTP can't carry never comes.
        if let Ok(answer) = node.ask(&request) {
            let about = format!("{request:?}: {answer:?}");
            assert!(matches!(answer.status, 200..=299 | 400..=499), "{about}");
            let is_packed = answer
                .headers
                .iter()
                .any(|(name, _)| name == "content-encoding");
            if is_packed || request.method == "HEAD" {
                continue;
            }
            let body: Value = serde_json::from_str(&answer.body).expect(&about);
            if answer.status >= 400 {
                let words = body["errmsg"].as_str().expect(&about);
                assert!(!words.is_empty(), "{about}");
            }
        }
    }
    let answer = node.ask(&Request::get("/status")).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn requests(from: &mut Unstructured<'_>) -> Result<Vec<Request>> {
    let mut requests = Vec::new();
    while !from.is_empty() && requests.len() < 4 {
        let method = from.choose(&METHODS)?;
        let mut path = (*from.choose(&PATHS)?).to_owned();
        if from.ratio(1, 2)? {
            path += &format!("?{}", from.arbitrary::<&str>()?);
        }
        let mut headers = Vec::new();
        while !from.is_empty() && from.ratio(1, 4)? {
            headers.push((*from.choose(&HEADERS)?, from.arbitrary::<&str>()?));
        }
        let body = match requests.len() {
            // The last one has what is left, so that texts can be found in it.
            3 => String::from_utf8_lossy(from.peek_bytes(from.len()).unwrap_or_default())
                .into_owned(),
            _ => from.arbitrary::<&str>()?.to_owned(),
        };
        let request = Request::new(method, path, body);
        let with = |request: Request, (name, value): (&str, &str)| request.with(name, value);
        requests.push(headers.into_iter().fold(request, with));
    }
    Ok(requests)
}
