//! The plugins that are compiled in: a crate that is not named is not linked.

use authority as _;
use difficulty5 as _;
use ed25519 as _;
use events_jsonl as _;
use fifo as _;
use fixed_reward as _;
use flood as _;
use ghost as _;
use halving as _;
use journal as _;
use memory as _;
use mempool_limits as _;
use merkle_tree as _;
use most_work as _;
use p192 as _;
use plugcoin_http as _;
use priority as _;
use proof_of_work as _;
use random_subset as _;
use retarget as _;
use time as _;
use timestamps as _;
use zeros as _;
