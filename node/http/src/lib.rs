//! The HTTP dialect of the protocol: the server's routes and the client that is the default transport.
pub mod backend;
