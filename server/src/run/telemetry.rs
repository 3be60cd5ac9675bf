//! Logging: plain text for people, JSON for machines. Chat text, tokens and links are never logged.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts to log to standard error.
pub fn install(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("PLAYHEAD_LOG: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).init();
    }
    Ok(())
}
