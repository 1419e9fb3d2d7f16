//! `peers-PORT.json` and `peers-default.json`: the peers that are known.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};
use serde::Deserialize;

use super::atomic_write::atomic_write;
use super::limits::FILE_BYTES_MAX;
use crate::config::Config;

/// The list where the data directory has none.
const DEFAULT: &str = include_str!("../../../peers-default.json");

/// The name of the default list in the data directory.
const DEFAULT_FILE: &str = "peers-default.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    peers: Vec<Address>,
}

/// The peers that a node begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Peers {
    /// Those that are never dropped.
    pub(crate) pinned: Vec<Address>,
    /// Those that it knew when it stopped.
    pub(crate) known: Vec<Address>,
}

impl Peers {
    /// Reads the lists; the node's own is made of the default one if it is missing.
    ///
    /// * The node itself is left out where it is certain that it is meant.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] with the file if it is no list of peers; [`ErrorKind::Io`].
    pub(crate) fn read(config: &Config, port: u16) -> Result<Self, Error> {
        let default_path = config.data_dir.join(DEFAULT_FILE);
        let default = match read_text(&default_path, FILE_BYTES_MAX)? {
            Some(text) => parse(&default_path, &text)?,
            None => parse(Path::new(DEFAULT_FILE), DEFAULT)?,
        };
        let path = config.file("peers", port);
        let known = match read_text(&path, FILE_BYTES_MAX)? {
            Some(text) => parse(&path, &text)?,
            None => {
                save(&path, &default)?;
                default.clone()
            }
        };
        let others = |peers: Vec<Address>| {
            let mut others: Vec<Address> = Vec::with_capacity(peers.len());
            for peer in peers {
                if !is_itself(&peer, config, port) && !others.contains(&peer) {
                    others.push(peer);
                }
            }
            others
        };
        let pinned = default.into_iter().chain(config.peers.iter().cloned());
        Ok(Self {
            pinned: others(pinned.collect()),
            known: others(known),
        })
    }
}

/// Writes down the known peers.
///
/// # Errors
/// [`ErrorKind::Io`].
pub(crate) fn save(path: &Path, peers: &[Address]) -> Result<(), Error> {
    let peers: Vec<String> = peers.iter().map(|peer| format!("\"{peer}\"")).collect();
    atomic_write(path, &format!("{{\"peers\": [{}]}}\n", peers.join(", ")))
}

/// Whether an address is certainly this node.
fn is_itself(peer: &Address, config: &Config, port: u16) -> bool {
    if Some(peer) == config.advertise.as_ref() {
        return true;
    }
    let loopback = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ];
    let here = match peer.ip() {
        Some(ip) => ip == config.host || config.host.is_unspecified() && loopback.contains(&ip),
        None => {
            peer.host() == "localhost"
                && (config.host.is_unspecified() || loopback.contains(&config.host))
        }
    };
    here && peer.port() == port
}

fn parse(path: &Path, text: &str) -> Result<Vec<Address>, Error> {
    let content: Content = serde_json::from_str(text).map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            r#"this is no list of peers; one is {"peers": ["127.0.0.1:6000", …]}; mend the file or remove it"#,
        )
        .with("file", path.display())
        .because(error)
    })?;
    Ok(content.peers)
}

/// The text of a file; none if there is no such file.
///
/// # Errors
/// [`ErrorKind::Io`] if it can't be read, or is longer than such a file can be.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> Result<Option<String>, Error> {
    let fault = |error: io::Error| {
        Error::new(ErrorKind::Io, "a file can't be read")
            .with("file", path.display())
            .because(error)
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(error)),
    };
    let mut text = String::new();
    file.take(bytes_max + 1)
        .read_to_string(&mut text)
        .map_err(fault)?;
    if text.len() as u64 > bytes_max {
        return Err(fault(io::Error::other("it is too long")));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Given;

    fn config() -> (tempfile::TempDir, Config) {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::from(Given::default());
        config.data_dir = dir.path().to_owned();
        (dir, config)
    }

    fn texts(peers: &[Address]) -> Vec<String> {
        peers.iter().map(Address::to_string).collect()
    }

    #[test]
    fn the_built_in_list_is_copied_without_the_node_itself() {
        let (_dir, mut config) = config();
        config.peers = vec![
            "127.0.0.1:7000".parse().unwrap(),
            "127.0.0.1:6001".parse().unwrap(),
        ];
        let peers = Peers::read(&config, 6000).unwrap();
        assert_eq!(
            texts(&peers.pinned),
            ["127.0.0.1:6001", "127.0.0.1:6002", "127.0.0.1:7000"]
        );
        assert_eq!(texts(&peers.known), ["127.0.0.1:6001", "127.0.0.1:6002"]);
        let text = std::fs::read_to_string(config.file("peers", 6000)).unwrap();
        assert_eq!(text, DEFAULT);
    }

    #[test]
    fn the_data_directory_has_its_own_lists() {
        let (dir, config) = config();
        std::fs::write(dir.path().join(DEFAULT_FILE), "{\"peers\": [\"a.org:1\"]}").unwrap();
        let peers = Peers::read(&config, 6000).unwrap();
        assert_eq!(
            (texts(&peers.pinned), texts(&peers.known)),
            (vec!["a.org:1".into()], vec!["a.org:1".into()])
        );
        save(&config.file("peers", 6000), &["b.org:2".parse().unwrap()]).unwrap();
        let peers = Peers::read(&config, 6000).unwrap();
        assert_eq!(texts(&peers.known), ["b.org:2"]);
    }

    #[test]
    fn what_is_no_list_is_refused_by_name() {
        let (dir, config) = config();
        for text in [
            "",
            "[]",
            "{\"peers\": [\"nobody\"]}",
            "{\"peers\": [], \"x\": 1}",
            "{\"peers\": [\"127.0.0.1:0\"]}",
        ] {
            for name in [DEFAULT_FILE, "peers-6000.json"] {
                let path = dir.path().join(name);
                std::fs::write(&path, text).unwrap();
                let error = Peers::read(&config, 6000).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains(name), "{error}");
                std::fs::remove_file(&path).unwrap();
                let _ = std::fs::remove_file(dir.path().join("peers-6000.json"));
            }
        }
    }

    #[test]
    fn itself_is_left_out_only_where_it_is_certain() {
        let (_dir, mut config) = config();
        let own = |config: &Config, text: &str| is_itself(&text.parse().unwrap(), config, 6000);
        assert!(own(&config, "127.0.0.1:6000") && own(&config, "localhost:6000"));
        assert!(!own(&config, "127.0.0.1:6001") && !own(&config, "127.0.0.2:6000"));
        assert!(!own(&config, "10.0.0.1:6000") && !own(&config, "example.org:6000"));
        config.host = Ipv4Addr::UNSPECIFIED.into();
        config.advertise = Some("example.org:80".parse().unwrap());
        assert!(own(&config, "127.0.0.1:6000") && own(&config, "[::1]:6000"));
        assert!(own(&config, "example.org:80") && !own(&config, "10.0.0.1:6000"));
    }
}
