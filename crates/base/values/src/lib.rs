//! Canonical values, bytes, digests, names, signatures and the event envelope.
#![forbid(unsafe_code)]
