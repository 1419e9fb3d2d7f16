//! Every bound of the core, with its reason.

/// How far under the tip a block that nobody asked for may lie, in levels.
///
/// From the protocol: deeper branches are cheap to make where difficulty was low.
pub const SIDE_DEPTH_MAX: u64 = 1_000;

/// How many bytes of orphans are held: sixteen blocks of the greatest size.
pub const ORPHAN_BYTES_MAX: usize = 16 << 20;

/// How many orphans are held: enough for a burst that overtakes its parents.
pub const ORPHANS_MAX: usize = 1_000;

/// How many verified signatures are remembered, by leaf hash. The oldest go together, half of all at once, so
/// that at least as many are left as a full pool has; 11 MB.
pub const SIGNATURES_MAX: usize = 200_000;

/// How many blocks are remembered in which all signatures held. The oldest go together, half of all at once, so
/// that at least those of all pages are left that are under way while a chain is fetched, and as many again;
/// 3 MB.
pub const VERIFIED_BLOCKS_MAX: usize = 32_768;

/// How many signatures that do not hold are remembered, or half as many: what was verified ahead waits in the
/// node's queue for less time than these take to come.
pub const BAD_SIGNATURES_MAX: usize = 8_192;

/// How many bodies of recent blocks are kept in memory: short forks need no disk.
pub const RECENT_BLOCKS_MAX: usize = 64;

/// How many side branches keep their balances ready: each is rebuilt from the journal otherwise.
pub const VIEWS_MAX: usize = 8;

/// After how long a draft is made anew when more transactions wait, in microseconds.
pub const REDRAFT_US: i64 = 5_000_000;

/// How often a peer is asked for its peers and its tip, in microseconds; from the protocol.
pub const ASK_EVERY_US: i64 = 15_000_000;

/// How often the time between two tries doubles for a peer that does not answer: up to 16 minutes.
pub const BACK_OFF_DOUBLINGS_MAX: u32 = 6;

/// How many peers are kept; from the protocol. The address that has most of them makes room.
pub const PEERS_MAX: usize = 1_000;

/// How many addresses that others named wait to be tried; from the protocol. They are tried in turns, and
/// whoever named most makes room.
pub const CANDIDATES_MAX: usize = 1_000;

/// How often an address that others named is tried, in microseconds: one a second, from the protocol.
pub const DIAL_EVERY_US: i64 = 1_000_000;

/// After how long without an answer a peer is dropped, in microseconds: a day, from the protocol.
pub const FORGET_US: i64 = 86_400_000_000;

/// How long a peer is banned, in microseconds: an hour, so that a mended one comes back.
pub const BAN_US: i64 = 3_600_000_000;

/// After how long the points against a peer are forgotten, in microseconds: as long as a ban, so that
/// slips of many weeks never add up to one.
pub const SCORE_US: i64 = BAN_US;

/// How late a node may be for what it waited for before it takes the clock to have jumped, in
/// microseconds: longer than any load delays it.
pub const LATE_US: i64 = 60_000_000;

/// How many items a peer is remembered to have: with a thousand peers some 80 MB at most.
pub const TOLD_ITEMS_MAX: usize = 1_024;

/// How many waiting transactions one peer is sent on one occasion.
pub const RESEND_MAX: usize = 100;

/// How many addresses are read from one peer's answer.
pub const SUGGESTIONS_MAX: usize = 100;

/// How long a tip that was only heard of waits for its block, in microseconds: a peer that posts a
/// block names it as its tip, and the block is here before anybody need ask for it.
pub const TIP_GRACE_US: i64 = 200_000;

/// How many levels one page of a sync asks for: with three transactions a block, so many signatures
/// that a batch of them is nearly as fast for each as a greater one.
pub const PAGE_LEVELS: u64 = 1_024;

/// How many pages of a sync are under way or waiting at once: while one is judged, others are verified,
/// sent and asked for. With 4 MiB a page, and some three times that when it is read, 128 MiB at most.
pub const PAGES_MAX: usize = 8;

/// How many pages one peer is asked for at once: one that it sends, and those that are verified and
/// judged meanwhile.
pub const PAGES_PER_PEER_MAX: usize = 4;

/// After how long a sync that brings nothing new is given up, in microseconds: longer than any one
/// call takes, so that a peer that trickles out what is known holds up the others no longer.
pub const SYNC_STALL_US: i64 = 180_000_000;

/// How many waiting transactions in a row may not fit into a block before it counts as full: the next one
/// may be shorter, and a long pool must not be walked to its end for each draft.
pub const MISFITS_MAX: usize = 64;

/// How long a node does not search on a tip after its own block there was refused, in microseconds.
pub const REFUSED_OWN_US: i64 = 1_000_000;

/// How many refused items are remembered with the reasons, at most [`EXPLAINED_BYTES_MAX`] each.
pub const EXPLAINED_MAX: usize = 1_000;

/// How many payments that a journal's blocks dropped are told again at the start: a power cut may
/// have come before they were told, and what one batch of inputs drops is far less.
pub const RETOLD_MAX: usize = 1_000;

/// How many rules of one item are told.
pub const EXPLAINED_RULES_MAX: usize = 16;

/// How much of each of a refusal's words is told, in characters.
pub const EXPLAINED_CHARACTERS_MAX: usize = 200;

/// How long such a text may be in JSON, in bytes: four of them leave room for the names.
pub const EXPLAINED_TEXT_BYTES_MAX: usize = 600;

/// How long an explanation of a refusal may be in JSON; what was asked first is left out if it is longer.
pub const EXPLAINED_BYTES_MAX: usize = 4 << 10;

/// For how long a chain is not sought again at a peer of other rules when it broke ours, in
/// microseconds: it will hardly hold a moment later.
pub const OTHER_RULES_PAUSE_US: i64 = 300_000_000;

/// How many peers of other rules are named in the status.
pub const DIFFERING_PEERS_MAX: usize = 32;

/// How many peers are asked for a block that an orphan lacks.
pub const FETCH_TRIES_MAX: usize = 4;

/// How many levels of a branch that leaves far down are weighed before it must win: with 112 bytes
/// a level, 112 MB at most, for one branch at a time.
pub const STAGED_LEVELS_MAX: usize = 1_000_000;
