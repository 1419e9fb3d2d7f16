//! [`NodeUrl`]: which node a command asks.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use plugcoin_sdk::ledger::Address;

/// A node by its address: `127.0.0.1:6000`, or `http://127.0.0.1:6000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeUrl(Address);

impl NodeUrl {
    /// The node on this port of this machine.
    pub(crate) fn local(port: u16) -> Self {
        Self(Address::new(Ipv4Addr::LOCALHOST.into(), port))
    }
}

impl FromStr for NodeUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("http://").unwrap_or(text);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        bare.parse().map(Self).map_err(|_| {
            format!("`{text}` is no node; write HOST:PORT or http://HOST:PORT, as 127.0.0.1:6000")
        })
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_scheme() {
        for text in [
            "127.0.0.1:6000",
            "http://127.0.0.1:6000",
            "http://127.0.0.1:6000/",
        ] {
            let url: NodeUrl = text.parse().unwrap();
            assert_eq!(url, NodeUrl::local(6000));
            assert_eq!(url.to_string(), "http://127.0.0.1:6000");
        }
        for text in ["", "6000", "https://a:1", "http://a:1/b", "http://", "a"] {
            assert!(text.parse::<NodeUrl>().is_err(), "{text}");
        }
    }
}
