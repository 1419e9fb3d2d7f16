//! Behaviour suites for every hook, fixtures and doubles.
