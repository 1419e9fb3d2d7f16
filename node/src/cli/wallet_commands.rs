//! `node wallet …`: make keys, show them, pay with them.

use plugcoin_sdk::ledger::{Amount, Block, Payment, Sum, Timestamp};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Value, json};

use super::args::{WalletArgs, WalletCommand};
use super::client::Client;
use super::node_url::NodeUrl;
use super::{ExitCode, Failure, output};
use crate::config::Config;
use crate::run::clock::now_us;
use crate::wallet::{Passphrase, Wallet};

/// How often the chain is read anew if it changes while it is read.
const READS_MAX: u32 = 5;

/// A wallet's commands need its file, and some a node to ask.
struct Context {
    config: Config,
    json: bool,
}

pub(super) fn run(command: WalletCommand) -> Result<(), Failure> {
    match command {
        WalletCommand::New { passphrase, wallet } => Context::new(wallet)?.make(passphrase),
        WalletCommand::Passphrase {
            new_passphrase_file: file,
            remove,
            wallet,
        } => Context::new(wallet)?.change(remove, &Passphrase { file }),
        WalletCommand::Show { wallet } => Context::new(wallet)?.show(),
        WalletCommand::Balance { of, node, wallet } => Context::new(wallet)?.balance(of, node),
        WalletCommand::Send {
            to,
            sum,
            node,
            wallet,
        } => Context::new(wallet)?.send(&to, sum, node),
    }
}

impl Context {
    fn new(args: WalletArgs) -> Result<Self, Failure> {
        let json = args.json;
        let config = args.config()?;
        if config.port == 0 {
            return Err(Failure::new(
                ExitCode::Configuration,
                "a wallet's file is named by its node's port; name the port with --port",
            ));
        }
        Ok(Self { config, json })
    }

    fn signer(&self) -> Result<std::sync::Arc<dyn plugcoin_sdk::hooks::Signer>, Failure> {
        Ok(self.config.plan(self.config.port)?.signer()?.hook)
    }

    fn passphrase(&self) -> Passphrase {
        Passphrase {
            file: self.config.passphrase_file.clone(),
        }
    }

    fn public(&self) -> Result<(String, bool), Failure> {
        let path = self.config.file("wallet", self.config.port);
        Ok(Wallet::public_of(&path, self.signer()?)?)
    }

    fn wallet(&self) -> Result<Wallet, Failure> {
        let path = self.config.file("wallet", self.config.port);
        Ok(Wallet::read(&path, self.signer()?, &self.passphrase())?)
    }

    fn client(&self, node: Option<NodeUrl>) -> Result<Client, Failure> {
        Client::new(node.unwrap_or_else(|| NodeUrl::local(self.config.port)))
    }

    fn make(&self, asks: bool) -> Result<(), Failure> {
        self.config.make_data_dir()?;
        let path = self.config.file("wallet", self.config.port);
        // There, what is in use is not a node's but the owner's.
        let refuse = |error: Error| match error.kind() {
            ErrorKind::InUse => Failure::new(ExitCode::Refused, error.to_string()),
            _ => error.into(),
        };
        Wallet::must_be_free(&path).map_err(refuse)?;
        let signer = self.signer()?;
        let passphrase = self.passphrase();
        let chosen = (asks || passphrase.file.is_some()).then(|| passphrase.chosen());
        let chosen = chosen.transpose()?;
        let chosen = chosen.as_deref().map(String::as_str);
        let wallet = Wallet::create(&path, signer, chosen).map_err(refuse)?;
        self.print(wallet.public(), chosen.is_some())
    }

    fn change(&self, remove: bool, new: &Passphrase) -> Result<(), Failure> {
        let (_, locked) = self.public()?;
        if remove && !locked {
            return Err(Failure::new(
                ExitCode::Refused,
                "the wallet has no passphrase; nothing was changed",
            ));
        }
        let wallet = self.wallet()?;
        let chosen = (!remove).then(|| new.chosen()).transpose()?;
        wallet.put_under(chosen.as_deref().map(String::as_str))?;
        self.print(wallet.public(), chosen.is_some())
    }

    fn show(&self) -> Result<(), Failure> {
        let (public, locked) = self.public()?;
        self.print(&public, locked)
    }

    /// Prints what anybody may know of a wallet.
    fn print(&self, public: &str, locked: bool) -> Result<(), Failure> {
        let file = self.config.file("wallet", self.config.port);
        let (file, signer) = (file.display().to_string(), self.signer()?);
        let scheme = signer.scheme();
        let under = if locked {
            "\nlocked      by a passphrase"
        } else {
            ""
        };
        self.answer(
            &format!("public key  {public}\nscheme      {scheme}\nfile        {file}{under}"),
            json!({ "public": public, "scheme": scheme, "file": file, "locked": locked }),
        );
        Ok(())
    }

    fn balance(&self, of: Option<String>, node: Option<NodeUrl>) -> Result<(), Failure> {
        let key = match of {
            Some(key) => key,
            None => self.public()?.0,
        };
        let client = self.client(node)?;
        let found = Balance::of(&key, &client)?;
        self.answer(
            &found.amount.to_string(),
            json!({
                "key": key,
                "balance": found.amount,
                "nr": found.tip.nr(),
                "hash": found.tip.hash(),
            }),
        );
        Ok(())
    }

    fn send(&self, to: &str, sum: Sum, node: Option<NodeUrl>) -> Result<(), Failure> {
        let wallet = self.wallet()?;
        let payment = Payment::new(wallet.public(), to, sum, Timestamp::from_us(now_us()))
            .map_err(|invalid| Failure::new(ExitCode::Refused, invalid.to_string()))?;
        let id = self.client(node)?.post(&wallet.pay(payment)?)?;
        self.answer(&id, json!({ "accepted": id }));
        Ok(())
    }

    fn answer(&self, text: &str, json: Value) {
        match self.json {
            true => output::answer(json),
            false => output::answer(text),
        }
    }
}

/// What a key has on a node's best chain.
struct Balance {
    amount: Amount,
    tip: Block,
}

impl Balance {
    /// Reads the best chain page by page and adds up.
    ///
    /// * Each block must stand on the one before it: a chain that changes meanwhile is read anew.
    fn of(key: &str, client: &Client) -> Result<Self, Failure> {
        for _ in 0..READS_MAX {
            if let Some(balance) = Self::read(key, client)? {
                return Ok(balance);
            }
        }
        Err(Failure::new(
            ExitCode::Fault,
            format!(
                "the chain of {} changed {READS_MAX} times while it was read; try again",
                client.node()
            ),
        ))
    }

    /// One reading; none if the chain changed meanwhile.
    fn read(key: &str, client: &Client) -> Result<Option<Self>, Failure> {
        let mut tip: Option<Block> = None;
        let (mut received, mut paid) = (Amount::ZERO, Amount::ZERO);
        loop {
            let page = client.page(tip.as_ref().map_or(0, |block| block.nr() + 1))?;
            if page.is_empty() {
                break;
            }
            for block in page {
                let on = tip.as_ref().map(Block::hash);
                if block.header().previous_hash != on {
                    return Ok(None);
                }
                for transaction in block.transactions() {
                    let add = |sum: Amount| sum.checked_add(transaction.amount());
                    if transaction.to() == key {
                        received = add(received).ok_or_else(|| does_not_add_up(client))?;
                    }
                    if transaction.from() == key {
                        paid = add(paid).ok_or_else(|| does_not_add_up(client))?;
                    }
                }
                tip = Some(block);
            }
        }
        let amount = received.checked_sub(paid);
        match (amount, tip) {
            (Some(amount), Some(tip)) => Ok(Some(Self { amount, tip })),
            _ => Err(does_not_add_up(client)),
        }
    }
}

fn does_not_add_up(client: &Client) -> Failure {
    Failure::new(
        ExitCode::Fault,
        format!(
            "the chain of {} does not add up; ask another node",
            client.node()
        ),
    )
}
