//! The error of a store.

/// An operation of a store failed, or its answer was lost. It may still take effect.
#[derive(Debug, thiserror::Error)]
#[error("store: {operation}{}", Because(.cause.as_deref()))]
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

/// Says the cause behind the operation: logs in JSON print an error without its sources.
struct Because<'a>(Option<&'a (dyn std::error::Error + Send + Sync)>);

impl std::fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_tried_and_why_it_failed() {
        let error = StoreError::new("commit", "redis: Timeout: Request timed out.");
        assert_eq!(error.to_string(), "store: commit: redis: Timeout: Request timed out.");
        let unexplained = StoreError { operation: "attend", cause: None };
        assert_eq!(unexplained.to_string(), "store: attend");
    }
}
