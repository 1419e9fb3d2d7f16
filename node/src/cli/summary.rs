//! [`Summary`]: what a node says of itself when it starts.

use std::io;

use plugcoin_host::{Manifest, OptionValue};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::Hash;

use super::output::{self, table};

/// What a node says of itself when it starts.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The program's version.
    pub version: String,
    /// Where it serves: `http://127.0.0.1:6000`.
    pub address: String,
    /// The data directory.
    pub data_dir: String,
    /// The names of its files there.
    pub files: Vec<String>,
    /// The wallet's public key; none if the signer only verifies.
    pub wallet: Option<String>,
    /// Who gets the rewards, if not the wallet.
    pub reward_to: Option<String>,
    /// How many peers it knows.
    pub peers: usize,
    /// The height of its best tip.
    pub height: u64,
    /// The hash of its best tip.
    pub tip: Hash,
    /// How many transactions wait.
    pub waiting: usize,
    /// The fingerprint of its rules.
    pub fingerprint: Hash,
    /// The active plugins.
    pub plugins: Vec<Manifest>,
}

impl Summary {
    /// Prints it to standard output.
    pub fn print(&self) {
        output::answer(self.text(output::colour(&io::stdout())));
    }

    /// It as a text of several lines, with or without colours.
    pub fn text(&self, colour: bool) -> String {
        let bold = |text: &str| match colour {
            true => format!("\x1b[1m{text}\x1b[0m"),
            false => text.to_owned(),
        };
        let title = bold(&format!("Plugcoin {}", self.version));
        let node = indented(&table(&self.node()), colour);
        let plugins = indented(&table(&self.hooks()), colour);
        format!("{title}\n\n{node}\n\n{plugins}\n")
    }

    fn node(&self) -> Vec<Vec<String>> {
        let tip = format!(
            "{}, tip {}, {} waiting",
            self.height,
            self.tip.short(),
            self.waiting
        );
        let wallet = match &self.wallet {
            Some(key) => key,
            None => "none: the signer only verifies",
        };
        let mut rows = vec![
            row("address", &self.address),
            row("data", &self.data_dir),
            row("", &self.files.join(", ")),
            row("wallet", wallet),
        ];
        if let Some(key) = &self.reward_to {
            rows.push(row("rewards to", key));
        }
        rows.extend([
            row("peers", &self.peers.to_string()),
            row("height", &tip),
            row("rules", &self.fingerprint.to_string()),
        ]);
        rows
    }

    /// A row for each hook of each plugin: hook, plugin, version, options.
    fn hooks(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<_> = self
            .plugins
            .iter()
            .flat_map(|plugin| plugin.hooks.iter().map(move |hook| (hook, plugin)))
            .collect();
        rows.sort_by_key(|(hook, plugin)| (**hook, &plugin.name));
        rows.iter()
            .map(|(hook, plugin)| {
                vec![
                    // As wide as the labels above, so that both tables stand in one line.
                    format!("{hook:<12}"),
                    plugin.name.clone(),
                    plugin.version.clone(),
                    beside(plugin, **hook),
                ]
            })
            .collect()
    }
}

fn row(label: &str, value: &str) -> Vec<String> {
    vec![format!("{label:<12}"), value.to_owned()]
}

/// The heights at which it begins, the file that it is from, and its options.
fn beside(plugin: &Manifest, hook: HookKind) -> String {
    let heights = plugin.from.get(&hook).map(|heights| {
        let heights: Vec<String> = heights.iter().map(u64::to_string).collect();
        format!("from block {}", heights.join(", "))
    });
    let file = plugin
        .file
        .as_ref()
        .map(|path| format!("({})", path.display()));
    let words = [heights, Some(options(&plugin.options)), file];
    let words: Vec<String> = words
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .collect();
    words.join("  ")
}

/// The options that are rules, and those that somebody has set.
fn options(options: &[OptionValue]) -> String {
    let words: Vec<String> = options
        .iter()
        .filter(|option| option.spec.consensus || option.value != option.spec.default)
        .map(|option| match option.value.as_str() {
            Some(text) => format!("{}={text}", option.spec.name),
            None => format!("{}={}", option.spec.name, option.value),
        })
        .collect();
    words.join(" ")
}

/// Two spaces before each line; the label dim.
fn indented(text: &str, colour: bool) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| match (colour, line.split_at_checked(12)) {
            (true, Some((label, rest))) => format!("  \x1b[2m{label}\x1b[0m{rest}"),
            _ => format!("  {line}"),
        })
        .collect();
    lines.join("\n")
}
