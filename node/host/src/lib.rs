//! Finds plugins by name and resolves them into the active set of hooks.
