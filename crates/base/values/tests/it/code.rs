//! The table of error codes: unique texts, exit statuses, words a reader can use.

use gatos_values::{ErrorCode, NumberError};
use std::collections::BTreeSet;

#[test]
fn texts_are_unique_and_read_back() {
    let texts: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
        assert!(
            code.as_str()
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        );
        assert!(
            code.meaning().ends_with('.') && !code.meaning().contains('\n'),
            "{code}"
        );
        assert!(
            !code.hint().is_empty() && !code.hint().ends_with('.'),
            "{code}"
        );
        assert!((1..=3).contains(&code.exit_status()));
    }
    assert_eq!(ErrorCode::parse("ff_violation"), None);
}

#[test]
fn exit_statuses_by_kind() {
    let status = |text: &str| ErrorCode::parse(text).map(ErrorCode::exit_status);
    for text in [
        "POLICY_DENY",
        "STATE_DIFFERS",
        "BAD_SIGNATURE",
        "BAD_JSON",
        "DUP_COMMIT",
    ] {
        assert_eq!(status(text), Some(1), "{text}");
    }
    assert_eq!(status("USAGE"), Some(2));
    for text in ["DISK_FULL", "LOCKED", "GIT_MISSING", "NO_REPOSITORY", "IO"] {
        assert_eq!(status(text), Some(3), "{text}");
    }
}

#[test]
fn the_seven_first_codes_exist() {
    for text in [
        "POLICY_DENY",
        "CAP_EXPIRED",
        "FF_VIOLATION",
        "ACK_TIMEOUT",
        "DUP_COMMIT",
        "EPOCH_BROKEN",
        "PROOF_INVALID",
    ] {
        assert!(ErrorCode::parse(text).is_some(), "{text}");
    }
    assert!(ErrorCode::PolicyDeny.is_reserved() && !ErrorCode::FfViolation.is_reserved());
}

#[test]
fn number_errors_have_codes() {
    assert_eq!(
        ErrorCode::from(NumberError::Overflow),
        ErrorCode::NumOverflow
    );
    assert_eq!(
        ErrorCode::from(NumberError::DivideByZero),
        ErrorCode::NumDivZero
    );
    assert_eq!(ErrorCode::from(NumberError::Range), ErrorCode::BadNumber);
}
