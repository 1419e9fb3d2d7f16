//! Every bound of the HTTP side, with its reason.

use plugcoin_sdk::ledger::BLOCK_TEXT_BYTES_MAX;

/// The longest body of `POST /block`: twice a block's text, room for white space and key order.
pub const BLOCK_BODY_BYTES_MAX: usize = 2 * BLOCK_TEXT_BYTES_MAX;

/// The longest body of `POST /inv`: a signed transaction has under 1 KiB; room for white space.
pub const TRANSACTION_BODY_BYTES_MAX: usize = 16 << 10;

/// The longest body of `POST /money`: a key of at most 200 characters and a sum.
pub const MONEY_BODY_BYTES_MAX: usize = 4 << 10;

/// So much of each body is read whatever others send: every transaction, and most blocks.
pub const SHORT_BODY_BYTES_MAX: usize = 16 << 10;

/// How much of longer bodies may be here at once, from the first byte until each is answered: sixteen of the
/// longest. Further ones are told 503; nodes fetch what they are not sent.
pub const LONG_BODIES_BYTES_MAX: usize = 16 * BLOCK_BODY_BYTES_MAX;

/// The longest answer to `/getblocks?nr=`: four of the largest blocks, quickly sent and judged.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// The most levels of a page that are looked up: no block's text is under 256 bytes (three
/// hashes and nine names are more), so that [`PAGE_BYTES_MAX`] always ends a page before this does.
pub const PAGE_LEVELS_MAX: u64 = (PAGE_BYTES_MAX / 256) as u64;

/// How many levels a run has: parts of pages that lie ready. With blocks of a few transactions it is
/// about as long as one is read at once.
pub const RUN_LEVELS: u64 = 64;

/// How many bytes of a page are asked for at once, and sent as one piece: a run of blocks of three
/// transactions has 86 KiB, and is not cut in two. A reader keeps no more than one of them.
pub const RUN_READ_BYTES: usize = 128 << 10;

/// How many bytes of pages and their runs lie ready: the newest, and where the nodes are that sync just now.
/// None has more than an eighth of it: a page of 1024 blocks with three transactions, for which a node
/// asks that syncs, has 1.7 MB.
pub const RUNS_BYTES_MAX: usize = 16 << 20;

/// How many bytes of single blocks lie ready: a new one, for which every peer asks at once, and what is looked
/// at again and again. Some 10 000 blocks of three transactions.
pub const BLOCKS_BYTES_MAX: usize = 16 << 20;

/// Of how many pairs of blocks it is known that they were asked for of late; each takes 8 bytes. Together about
/// as many as lie ready.
pub const BLOCKS_ASKED_SETS: usize = 1 << 12;

/// What it takes to keep a text ready, beside the text, by reckoning: its place in a table that may be half empty
/// or is just growing, and what counts its readers. With the shortest blocks a process had 14.6 MB more at most,
/// where 16.8 are allowed.
pub const READY_ENTRY_BYTES: usize = 320;

/// The most answers of whole chains under way at once: each may keep alive some tens of kilobytes
/// of what the chain was, and reads the disk. Further ones wait; pages, by which nodes sync, never do.
/// Four times what one address may have open, so that one that takes nothing of its answers holds up
/// nobody else.
pub const STREAMS_MAX: usize = 4 * CONNECTIONS_PER_SOURCE_MAX;

/// How much of a chain is gathered before it is sent: large enough to make few writes, small
/// enough that many readers at once cost little memory.
pub const CHUNK_BYTES: usize = 64 << 10;

/// How many blocks are looked up at once for that: no more than could fit, as for
/// [`PAGE_LEVELS_MAX`]; with all that are left a whole chain would cost the square of its length.
pub const CHUNK_BLOCKS_MAX: usize = CHUNK_BYTES / 256;

/// From how many bytes on an answer is compressed for who asks: a shorter one is one packet anyway.
pub const COMPRESSED_BYTES_MIN: u64 = 1 << 10;

/// The most answers that are compressed at once: each keeps some hundred kilobytes. Further ones
/// are sent as they are.
pub const COMPRESSIONS_MAX: usize = 64;

/// How long a client may take to send a request's head, and how long a connection may lie idle
/// between requests; longer than [`POOL_IDLE_MS`], so that the server's side is not the first to
/// close what a node still wants to use.
pub const HEADER_MS: u64 = 10_000;

/// How long a request may take until its answer begins: 2 MiB over a slow line and a full queue.
pub const REQUEST_MS: u64 = 30_000;

/// How long a client may take no byte of an answer that is ready for it.
pub const STALL_MS: u64 = 20_000;

/// How long running answers may go on when the node stops.
pub const SHUTDOWN_MS: u64 = 1_000;

/// How long a closed connection still swallows what the client sends: without it, the client's
/// own unread bytes would reset the connection and the last answer (a 413, say) would be lost.
pub const LINGER_MS: u64 = 500;

/// The most connections at once: a thousand peers and their clients, under the usual 1024 files. The
/// one that has waited longest for its client makes room for the next.
pub const CONNECTIONS_MAX: usize = 768;

/// How many connections that made room for others may be on the point of closing, beyond
/// [`CONNECTIONS_MAX`]: enough that the next rarely waits for one, and few enough that 192 of 1024 files are
/// left for the node's own and its calls.
pub const CONNECTIONS_CLOSING_MAX: usize = 64;

/// The most connections at once from one source, so that one can't take all; loopback is free of
/// it, since a whole network may run on one machine.
pub const CONNECTIONS_PER_SOURCE_MAX: usize = 64;

/// The longest head of a request; the protocol's own headers have under 1 KiB.
pub const HEAD_BYTES_MAX: usize = 32 << 10;

/// How long to wait after a failed accept: out of files, say, which others must free first.
pub const ACCEPT_RETRY_MS: u64 = 100;

/// How often a log says that accepts fail: while all files are taken, one fails and the next succeeds,
/// many times a minute.
pub const ACCEPT_FAILED_LINE_MS: u64 = 10_000;

/// How many accepts in a row may fail before the server gives up: a minute of trying.
pub const ACCEPT_FAILURES_MAX: u32 = 600;

/// The longest `Node` header: as long as a hash.
pub const NODE_CHARACTERS_MAX: usize = 64;

/// The longest answer of a peer to `/getpeers`: a thousand of the longest names, and some.
pub const PEERS_ANSWER_BYTES_MAX: usize = 512 << 10;

/// The longest answer of a peer to `/plugins`: some hundred plugins with their options.
pub const PLUGINS_ANSWER_BYTES_MAX: usize = 1 << 20;

/// The longest answer of a peer to something posted: a refusal with what was observed.
pub const POST_ANSWER_BYTES_MAX: usize = 64 << 10;

/// The longest part of a peer's own words that is kept.
pub const MESSAGE_CHARACTERS_MAX: usize = 300;

/// How long the client keeps an idle connection: bursts of announcements use it again; shorter
/// than [`HEADER_MS`], after which the other side closes it.
pub const POOL_IDLE_MS: u64 = 5_000;

/// How many idle connections the client keeps to one peer: one for blocks, one for transactions.
pub const POOL_IDLE_PER_PEER_MAX: usize = 2;
