//! [`Address`]: where a peer listens.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::from_text::from_text;
use crate::Invalid;

/// A peer's `HOST:PORT`: an IP address (version 6 in brackets) or a host name, and a port.
///
/// * A name has 1 to 253 characters of `[a-z0-9.-]`; upper case is lowered.
/// * Port 0 and addresses that are nobody's (unspecified, multicast, broadcast) are refused.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    host: Host,
    port: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// This machine.
    Loopback,
    /// A network that is not the world: private, link-local, shared ranges.
    Private,
    /// The world; names count as this.
    Global,
}

impl Address {
    /// An address from its parts.
    pub fn new(ip: IpAddr, port: u16) -> Self {
        Self {
            host: Host::Ip(ip.to_canonical()),
            port,
        }
    }

    /// The IP address, unless this is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) => None,
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host without the port: an IP address without brackets, or a name.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        }
    }

    /// How far it reaches.
    pub fn scope(&self) -> Scope {
        match self.host {
            Host::Ip(ip) => Scope::of(ip),
            Host::Name(ref name) if name == "localhost" => Scope::Loopback,
            Host::Name(_) => Scope::Global,
        }
    }
}

impl Scope {
    /// How far an IP address reaches.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            ip if ip.is_loopback() => Self::Loopback,
            IpAddr::V4(ip) => {
                let shared = ip.octets()[0] == 100 && (ip.octets()[1] & 0xc0) == 64;
                if ip.is_private() || ip.is_link_local() || shared {
                    Self::Private
                } else {
                    Self::Global
                }
            }
            IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => Self::Private,
            IpAddr::V6(_) => Self::Global,
        }
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let refuse = |why: &str| {
            let observed: String = text.chars().take(60).filter(|c| !c.is_control()).collect();
            Invalid::new("address", why)
                .observed(observed)
                .required("HOST:PORT, as 127.0.0.1:6000")
        };
        let parsed = if let Ok(socket) = text.parse::<SocketAddr>() {
            Self::new(socket.ip(), socket.port())
        } else {
            let (name, port) = text
                .rsplit_once(':')
                .ok_or_else(|| refuse("there is no port"))?;
            if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
                return Err(refuse("the port is not a number"));
            }
            let port = port
                .parse()
                .map_err(|_| refuse("the port is not below 65536"))?;
            let name = name.to_ascii_lowercase();
            let plain =
                |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
            // A last label of digits is a mangled IP address, never a name.
            let number = name
                .rsplit('.')
                .next()
                .is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
            if name.is_empty() || name.len() > 253 || number || !name.bytes().all(plain) {
                return Err(refuse("the host is neither an IP address nor a name"));
            }
            Self {
                host: Host::Name(name),
                port,
            }
        };
        if parsed.port == 0 {
            return Err(refuse("port 0 is nobody's"));
        }
        if let Some(ip) = parsed.ip()
            && (ip.is_unspecified()
                || ip.is_multicast()
                || ip == IpAddr::from([255, 255, 255, 255]))
        {
            return Err(refuse("no node can be reached there"));
        }
        Ok(parsed)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in [
            "127.0.0.1:6000",
            "[::1]:6000",
            "node.example.org:80",
            "localhost:6000",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!(
            "[::ffff:127.0.0.1]:1"
                .parse::<Address>()
                .unwrap()
                .to_string(),
            "127.0.0.1:1"
        );
        for text in [
            "",
            ":",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:0",
            "127.0.0.1:65536",
            "127.0.0.1:-1",
            "0.0.0.0:6000",
            "255.255.255.255:1",
            "224.0.0.1:1",
            "1.2.3:6000",
            "a b:1",
            "http://a:1",
            "a/b:1",
            "::1:6000",
            "é:1",
            "999.1.1.1:5",
            "127.0.0.1:+80",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn scopes_are_ordered_from_narrow_to_wide() {
        let scope = |text: &str| text.parse::<Address>().unwrap().scope();
        assert_eq!(scope("127.9.9.9:1"), Scope::Loopback);
        assert_eq!(scope("[::1]:1"), Scope::Loopback);
        assert_eq!(scope("localhost:1"), Scope::Loopback);
        assert_eq!(scope("10.1.2.3:1"), Scope::Private);
        assert_eq!(scope("100.64.0.1:1"), Scope::Private);
        assert_eq!(scope("[fd00::1]:1"), Scope::Private);
        assert_eq!(scope("8.8.8.8:1"), Scope::Global);
        assert!(Scope::Loopback < Scope::Private && Scope::Private < Scope::Global);
    }
}
