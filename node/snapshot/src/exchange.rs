//! [`Exchange`]: a request and its answer, and how they are written down.

use std::fmt::{self, Write as _};

use crate::layout::lay_out;

/// The longest body of a request that is written down, in bytes.
const SHOWN_BYTES_MAX: usize = 8_192;

/// A request to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, besides those that every client sends.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// A `GET` of this path.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, "")
    }

    /// A `POST` of this body to this path.
    pub fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self::new("POST", path, body)
    }

    /// A request of any method.
    pub fn new(method: &str, path: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.into(),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What a node answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers in the order in which they come, in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: String,
}

/// A request and its answer, with a few words.
///
/// * Written, it is text for people and for comparing line by line: the bodies are byte for byte
///   those on the wire, but for line breaks and indents between the members of JSON.
/// * Headers that every answer has alike are left out; `/status` and `/plugins` have the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The endpoint: its path without the slash.
    pub endpoint: String,
    /// What it is about.
    pub title: String,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub answer: Answer,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request, answer, ..
        } = self;
        writeln!(f, "=== {}", self.title)?;
        writeln!(f, "> {} {}", request.method, request.path)?;
        for (name, value) in &request.headers {
            writeln!(f, "> {name}: {value}")?;
        }
        match request.body.len() {
            0 => {}
            1..=SHOWN_BYTES_MAX => {
                for line in lay_out(&request.body).lines() {
                    writeln!(f, "> {line}")?;
                }
            }
            bytes => writeln!(f, "> ({bytes} bytes)")?,
        }
        writeln!(f, "{}", answer.status)?;
        for (name, value) in &answer.headers {
            if !is_usual(name, value) {
                writeln!(f, "{}: {value}", title_case(name))?;
            }
        }
        writeln!(f, "{}\n", lay_out(&answer.body))
    }
}

/// Whether every answer has this header, or its value can be seen from the body.
fn is_usual(name: &str, value: &str) -> bool {
    match name {
        "content-type" => value == "application/json",
        "content-length" | "rules" | "node" => true,
        _ => false,
    }
}

/// A header's name as HTTP/1.1 writes it.
fn title_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut first = true;
    for character in name.chars() {
        text.push(match first {
            true => character.to_ascii_uppercase(),
            false => character,
        });
        first = character == '-';
    }
    text
}

/// All exchanges of each endpoint as one text, by the endpoints' names.
pub(crate) fn texts(exchanges: &[Exchange]) -> std::collections::BTreeMap<String, String> {
    let mut texts = std::collections::BTreeMap::<String, String>::new();
    for exchange in exchanges {
        let text = texts.entry(exchange.endpoint.clone()).or_default();
        let _ = write!(text, "{exchange}");
    }
    for text in texts.values_mut() {
        // One line feed at the end, not two.
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    texts
}
