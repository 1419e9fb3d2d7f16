//! Signer: Ed25519 with the acceptance rules of ZIP-215.
