//! What of an error is promised, and so hashed: its code and its place. The wording is free to become better.

use gatos_fold::{FoldFault, RgfError, StateError};
use gatos_policy::governance::{AdmissionError, GovernanceError};
use gatos_values::cbor::CborError;
use gatos_values::json::{EncodeError, JsonError};
use gatos_values::sshsig::KeyError;
use gatos_values::{
    DigestError, ErrorCode, EventError, GlobError, NameError, NumberError, SignatureError,
    TextError, UlidError, UriError,
};

/// An error that a sweep can record.
pub trait Refusal {
    /// Code and place.
    fn refusal(&self) -> String;
}

macro_rules! by_code {
    ($($error:ty),* $(,)?) => {
        $(impl Refusal for $error {
            fn refusal(&self) -> String {
                self.code().to_string()
            }
        })*
    };
}

macro_rules! by_code_and_offset {
    ($($error:ty),* $(,)?) => {
        $(impl Refusal for $error {
            fn refusal(&self) -> String {
                format!("{} at {}", self.code(), self.offset as u64)
            }
        })*
    };
}

by_code!(
    AdmissionError,
    DigestError,
    EncodeError,
    FoldFault,
    GlobError,
    GovernanceError,
    KeyError,
    RgfError,
    SignatureError,
    StateError,
    TextError,
    UlidError,
);

by_code_and_offset!(CborError, JsonError, NameError, UriError);

impl Refusal for NumberError {
    fn refusal(&self) -> String {
        let code = ErrorCode::from(*self);
        match self {
            NumberError::Syntax { offset } => format!("{code} at {}", *offset as u64),
            _ => code.to_string(),
        }
    }
}

impl Refusal for EventError {
    fn refusal(&self) -> String {
        match self {
            EventError::Json(error) => error.refusal(),
            EventError::Field { field, .. } | EventError::MissingField(field) => {
                format!("{} in {field}", self.code())
            }
            _ => self.code().to_string(),
        }
    }
}
