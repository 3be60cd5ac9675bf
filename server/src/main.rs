//! `playhead-server`: reads the configuration and runs one of its actions.

use std::io::{self, Write};
use std::process::ExitCode;

use server::config::{Action, Config};
use server::openapi;
use server::run::{check, serve, telemetry};

/// How much stack a thread may use, in bytes; unused stack costs nothing. A reply of Redis is decoded
/// by recursion, as deep as it is nested.
const STACK_BYTES: usize = 64 * 1024 * 1024;

fn main() -> ExitCode {
    match Config::read().and_then(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("playhead-server: {message}");
            ExitCode::FAILURE
        }
    }
}

fn start(config: Config) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let ended = runtime.block_on(run(config));
    // Not dropped: that would wait for the look-up of a name, which may take long.
    runtime.shutdown_background();
    ended
}

async fn run(config: Config) -> Result<(), String> {
    // One crypto provider in the whole tree.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| "a crypto provider is installed already".to_owned())?;
    match config.command.unwrap_or(Action::Serve) {
        Action::Serve => {
            let checked = check(&config)?;
            telemetry::install(&config.log)?;
            serve(config, checked).await
        }
        Action::Openapi => print(&openapi::yaml()),
        Action::CheckConfig => {
            let checked = check(&config)?;
            for warning in &checked.warnings {
                eprintln!("playhead-server: warning: {warning}");
            }
            print(&format!("{config:#?}\n{:#?}\n", checked.shares))
        }
    }
}

/// Prints to the standard output. A reader that has seen enough, as `head` has, is no failure.
fn print(text: &str) -> Result<(), String> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("can't print: {error}"))
        }
        _ => Ok(()),
    }
}
