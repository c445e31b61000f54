//! Proofs of consensus, proposals and approvals: one spelling each, and no proof without signatures.
#![no_main]

use gatos_policy::governance::consensus::verify_proof;
use gatos_policy::governance::{Approval, ChangeOperation, Proposal, QuorumRule, ResourcePattern};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proposal) = Proposal::decode(bytes) {
        assert_eq!(
            proposal.encode().expect("a decoded proposal has bytes"),
            bytes
        );
    }
    if let Ok(approval) = Approval::decode(bytes) {
        assert_eq!(
            approval.encode().expect("a decoded approval has bytes"),
            bytes
        );
    }
    if let Ok(report) = verify_proof(bytes) {
        assert!(!report.approvers.is_empty());
    }
    if let Ok(value) = gatos_values::json::decode_strict(bytes, bytes.len()) {
        let _ = ChangeOperation::list_from_value(&value);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(rule) = QuorumRule::parse(text) {
            assert_eq!(rule.to_string(), text);
        }
        if let Ok(pattern) = ResourcePattern::parse(text) {
            assert!(pattern.is_within(&pattern));
        }
    }
});
