//! What is logged, and how: plain for people, JSON for machines. Never chat text, tokens or links.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Logs to standard error from now on.
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
