//! The node as a function: handle(now, input) gives a step; no clock, thread, socket, file or random source.
