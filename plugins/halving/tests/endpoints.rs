//! What a node answers under the rule: fifty coins for a block, and half of it from block 4 on.

use halving as _;
use plugcoin_snapshot::{TestNode, assert_endpoint_snapshots};

#[test]
fn every_endpoint_answers_as_before() {
    let node = TestNode::builder()
        .plugin("halving")
        .set("halving.interval_blocks", 4)
        .start();
    assert_endpoint_snapshots!(node.unwrap());
}
