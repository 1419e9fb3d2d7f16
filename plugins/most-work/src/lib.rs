//! ForkChoice: most work, the smaller hash on a tie.
