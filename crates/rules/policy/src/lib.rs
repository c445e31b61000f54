//! Governance: who may sign, as a pure function of one signed chain.
#![forbid(unsafe_code)]
