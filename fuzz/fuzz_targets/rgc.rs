//! Compiled policies: one encoding each; whatever decodes decides, the same fast and plainly, and has a cost.
#![no_main]

use gatos_policy::language::{Intent, Policy, Request, TrustSnapshot, Truth, explain};
use gatos_values::Sha256Digest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(policy) = Policy::decode(bytes) else {
        return;
    };
    assert_eq!(policy.bytes(), bytes);
    assert_eq!(policy.root(), Sha256Digest::of(bytes));
    let trust = TrustSnapshot::EMPTY;
    for intent in Intent::ALL {
        let request = Request {
            actor: Some("user:alice"),
            caps: Some(&["journal:append"]),
            remote_addr: Some("10.0.0.1"),
            path: Some("gatos/journal/finance/user:alice/00"),
            ..Request::new(intent, &trust)
        };
        let explanation = explain(&policy, &request, &[]);
        assert_eq!(explanation.decision, policy.evaluate(&request));
        if !policy.is_empty() {
            let denies = explanation
                .rules
                .iter()
                .any(|rule| rule.denies != Truth::False);
            let allows = explanation
                .rules
                .iter()
                .any(|rule| rule.allows == Truth::True);
            assert_eq!(explanation.decision.is_allow(), allows && !denies);
        }
    }
    assert!(policy.rules().iter().all(|rule| rule.cost().steps > 0));
});
