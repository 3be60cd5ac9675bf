//! Logging: plain text for people, JSON for machines. Chat text, tokens and links are never logged.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::log_filter;

/// The crates of this program, which keep secrets out of every level.
const OWN_CRATES: [&str; 5] = ["playhead_server", "server", "engine", "providers", "contracts"];

/// Starts to log to standard error.
pub fn install(filter: &str) -> Result<(), String> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(log_filter::parse(filter)?)
        // A log that nobody reads any more must not end what logs: to report it there would panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).finish().with(filter_fn(holds_no_secrets)).init();
    } else {
        let json = builder.json().flatten_event(true).finish();
        json.with(filter_fn(holds_no_secrets)).init();
    }
    Ok(())
}

/// Whether records of this kind can't hold secrets. Below `info`, libraries log what passes through
/// them: whole frames with tickets and tokens, commands to Redis with tickets, links as people paste
/// them. So their details are left out, whatever the filter asks for.
fn holds_no_secrets(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let of_crate = target.split("::").next().unwrap_or(target);
    *metadata.level() <= Level::INFO || OWN_CRATES.contains(&of_crate)
}
