//! The ledger: signed events as commits in an ordinary Git repository, durable and in order.
#![forbid(unsafe_code)]
