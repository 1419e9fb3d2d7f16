//! The genesis block: given, not judged.

use std::sync::LazyLock;

use super::Block;

/// The genesis block's exact text.
pub(super) const TEXT: &str = r#"{"nr": 0,"previous_hash": "","timestamp": "01/01/2009","nonce": "VDEODFTZ041jHIZuIyEY","hash": "00008c26fa89c80d23ce0b98afb3bff429f828253c008b562ca8599606cb60e3","creator": "Satoshi Nakamoto","merkle_root": "563826313bf3d6ae2fc191f05f3eb08b60a3fb50704e8a89c4e0827ed663fdfb","count": 1,"transactions": [{"signature": "System","transaction": {"from": "System","to": "Satoshi Nakamoto","sum": 50,"timestamp": "01/01/2009"}}]}"#;

/// The block on which every chain stands, with the first 50 coins.
pub fn genesis() -> Block {
    #[allow(clippy::expect_used, reason = "a constant, read in a test")]
    static GENESIS: LazyLock<Block> =
        LazyLock::new(|| Block::parse(TEXT).expect("the genesis text is a block"));
    GENESIS.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Amount, Hash, merkle};

    #[test]
    fn its_root_and_hash_come_out_of_the_rules() {
        let block = genesis();
        let leaves: Vec<Hash> = block.transactions().iter().map(|t| t.leaf()).collect();
        assert_eq!(block.text(), TEXT);
        assert_eq!(
            merkle::root(&leaves).to_string(),
            "563826313bf3d6ae2fc191f05f3eb08b60a3fb50704e8a89c4e0827ed663fdfb"
        );
        assert_eq!(block.computed_hash(), block.hash());
        assert_eq!(block.header().count, 1);
        assert_eq!(block.transactions()[0].amount(), Amount::from_coins(50));
    }

    #[test]
    fn nothing_else_may_be_block_zero_or_write_its_time_so() {
        assert!(Block::parse(&TEXT.replace("VDEO", "VDEP")).is_err());
        let first = TEXT.replace(
            r#""nr": 0,"previous_hash": """#,
            &format!(r#""nr": 1,"previous_hash": "{}""#, genesis().hash()),
        );
        assert!(
            Block::parse(&first)
                .unwrap_err()
                .message
                .contains("timestamp")
        );
    }
}
