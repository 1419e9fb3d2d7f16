//! [`Opened`]: a node with its files, before any task runs.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};

use plugcoin_core::{Judging, Node};
use plugcoin_host::Resolved;
use plugcoin_sdk::hooks::Contact;
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};

use super::clock::now_us;
use super::core::CORE;
use super::limits::UNACCEPTED_MAX;
use super::peers_file::Peers;
use super::poison_file::Poison;
use super::rules_file;
use super::stuck::{Judgings, Watchdog};
use crate::cli::{ExitCode, Failure};
use crate::config::Config;
use crate::wallet::{Passphrase, Wallet};

/// A node with its files, before any task runs.
pub(super) struct Opened {
    /// The node.
    pub(super) node: Node,
    /// Its hooks.
    pub(super) resolved: Resolved,
    /// Its wallet's public key.
    pub(super) public: Option<String>,
    /// What the node judges.
    pub(super) judging: Judging,
    /// What each thread judges.
    pub(super) judgings: Judgings,
    /// Where what made a plugin fail is written down.
    pub(super) poison: Poison,
}

/// Takes the port; the address with the port that it got comes back.
pub(super) fn bind(config: &Config) -> Result<(TcpListener, SocketAddr), Failure> {
    let wanted = SocketAddr::new(config.host, config.port);
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::new(
            ExitCode::InUse,
            format!(
                "port {} of {} is in use, perhaps by another node; stop that one, or take another \
                 --port (0 takes a free one)",
                config.port, config.host
            ),
        ),
        std::io::ErrorKind::PermissionDenied => Failure::new(
            ExitCode::Fault,
            format!(
                "port {} may not be opened by you; take another --port, above 1023",
                config.port
            ),
        ),
        _ => Error::new(
            ErrorKind::Io,
            "the node can't listen there; take another --host or --port",
        )
        .with("address", wanted)
        .because(error)
        .into(),
    };
    let listener = TcpListener::bind(wanted).map_err(refuse)?;
    // The library says 128; the system takes the later word.
    rustix::net::listen(&listener, UNACCEPTED_MAX).map_err(|error| refuse(error.into()))?;
    listener.set_nonblocking(true).map_err(refuse)?;
    let address = listener.local_addr().map_err(refuse)?;
    Ok((listener, address))
}

impl Opened {
    /// Opens a node on its port.
    ///
    /// * Plugins and options that don't fit are refused before any file is touched.
    /// * The journal's lock comes before every other file: they belong to whoever holds it.
    pub(super) fn open(config: &Config, port: u16) -> Result<Self, Failure> {
        let plan = config.plan(port)?;
        config.make_data_dir()?;
        let resolved = plan.create()?;
        let peers = Peers::read(config, port)?;
        let signer = resolved.hooks.signer.at(0).hook.clone();
        let passphrase = Passphrase {
            file: config.passphrase_file.clone(),
        };
        let wallet = Wallet::open(&config.file("wallet", port), signer, &passphrase)?;
        let public = wallet.as_ref().map(|wallet| wallet.public().to_owned());

        let rules = config.file("rules", port);
        let journal = rules_file::journal(&rules, &resolved)?;
        let poison = Poison::new(config.file("faults", port), &resolved);
        let core = plugcoin_core::Config {
            poison: poison.read()?,
            ..of_core(config, port, &resolved, peers)?
        };
        let (judging, judgings) = (core.judging.clone(), Judgings::default());
        // The journal is replayed on the first thread.
        for thread in ["main", CORE] {
            judgings.add(thread, judging.clone());
        }
        let watchdog = Watchdog {
            judgings: judgings.clone(),
            poison: poison.clone(),
        };
        watchdog.start(config.stuck_after)?;
        let (mut node, records) = Node::open(
            now_us(),
            core,
            resolved.hooks.clone(),
            wallet.as_ref().map(|wallet| wallet.keys().clone()),
            journal,
        )
        .map_err(|error| match (judging.get(), error.kind()) {
            (Some(hash), ErrorKind::Plugin) => {
                poison.add(hash, &error);
                error.into()
            }
            _ => rules_file::refused(error, journal, &rules),
        })?;
        if !records.is_empty() {
            resolved.hooks.storage.hook.append(&records)?;
        }
        node.committed();
        rules_file::save(&rules, &resolved)?;
        Ok(Self {
            node,
            resolved,
            public,
            judging,
            judgings,
            poison,
        })
    }
}

/// The address that a name stands for: others believe an address alone, since a name may lead
/// anywhere.
fn resolved_address(advertise: &Address) -> Result<Address, Error> {
    if advertise.ip().is_some() {
        return Ok(advertise.clone());
    }
    let refuse = || {
        let message =
            "the name in --advertise leads to no address; give HOST:PORT as others reach it";
        Error::new(ErrorKind::Configuration, message).with("name", advertise)
    };
    let name = (advertise.host(), advertise.port());
    let mut found = name
        .to_socket_addrs()
        .map_err(|error| refuse().because(error))?;
    let first = found.next().ok_or_else(refuse)?;
    Ok(Address::new(first.ip(), first.port()))
}

/// The core's part of the configuration.
fn of_core(
    config: &Config,
    port: u16,
    resolved: &Resolved,
    peers: Peers,
) -> Result<plugcoin_core::Config, Error> {
    let random =
        |error| Error::new(ErrorKind::Io, "the system gives no random numbers").because(error);
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(random)?;
    let me = Contact {
        tip: None,
        rules: Some(resolved.fingerprint),
        node: Some(format!("{:032x}", u128::from_be_bytes(name))),
        port: config.advertise.is_none().then_some(port),
        address: config
            .advertise
            .as_ref()
            .map(resolved_address)
            .transpose()?,
    };
    Ok(plugcoin_core::Config {
        mine: config.mine,
        mine_interval_us: i64::try_from(config.mine_interval.as_micros()).unwrap_or(i64::MAX),
        reward_to: config.reward_to.clone(),
        first_coin: true,
        me,
        pinned: peers.pinned,
        known: peers.known,
        seed: getrandom::u64().map_err(random)?,
        other_rules: config.on_other_rules,
        snapshots_of: Some(rules_file::snapshots_of(resolved)),
        ..plugcoin_core::Config::default()
    })
}
