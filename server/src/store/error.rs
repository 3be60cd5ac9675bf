//! The error of a store.

/// An operation of a store failed, or its answer was lost. It may still take effect.
#[derive(Debug, thiserror::Error)]
#[error("store: {operation}")]
pub struct StoreError {
    /// The operation.
    pub operation: &'static str,
    /// The cause, for the log.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// Makes an error from its cause.
    pub fn new(
        operation: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { operation, cause: Some(cause.into()) }
    }
}
