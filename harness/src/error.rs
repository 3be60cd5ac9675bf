//! The error type: a message for the reader of a failed run.

use std::fmt::{Debug, Display, Formatter};

/// An error message.
#[derive(Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The result of most functions of the harness.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For `map_err`: makes an error of a cause, with its sources, and of what was being done.
    pub fn doing<E: std::error::Error>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |cause| {
            let mut message = format!("{what}: {cause}");
            let mut source = cause.source();
            while let Some(deeper) = source {
                message.push_str(&format!(": {deeper}"));
                source = deeper.source();
            }
            Self(message)
        }
    }
}

/// Shows only the message, since a failed test prints this form.
impl Debug for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(self, formatter)
    }
}
