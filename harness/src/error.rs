//! One error: a sentence for the person who reads the failed run.

use std::fmt::{Debug, Display, Formatter};

/// What went wrong, in words.
#[derive(Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// What the harness returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Says what was being done when `cause` came, for `map_err`.
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

/// The words alone, since a failed test prints this form.
impl Debug for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(self, formatter)
    }
}
