//! The node with further plugins compiled in: all that the program `node` can do, and these.

// Each registers itself, but only a crate that is named is linked.
use even_harder as _;
use event_log as _;
use flat_root as _;
use half as _;
use in_memory as _;
use largest_first as _;
use no_secrets as _;
use offline as _;
use round_numbers as _;
use signed_blocks as _;
use small_payments as _;
use stubborn as _;

fn main() -> std::process::ExitCode {
    plugcoin_node::cli::main()
}
