//! `playhead-server`: configuration, then one of its actions.

use std::process::ExitCode;

use clap::Parser;
use server::config::{Action, Config};
use server::{openapi, serve, telemetry};

/// How much stack a thread may use, in bytes; what isn't used costs nothing. An answer of Redis is
/// taken apart by recursion, as deep as it is nested.
const STACK_BYTES: usize = 64 * 1024 * 1024;

fn main() -> ExitCode {
    let config = Config::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(config)),
        Err(error) => Err(format!("no runtime: {error}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("playhead-server: {words}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), String> {
    config.check()?;
    match config.command.unwrap_or(Action::Serve) {
        Action::Serve => {
            telemetry::install(&config.log)?;
            // One crypto provider in the whole tree.
            rustls::crypto::aws_lc_rs::default_provider()
                .install_default()
                .map_err(|_| "a crypto provider is installed already".to_owned())?;
            serve::serve(config).await
        }
        Action::Openapi => {
            print!("{}", openapi::yaml());
            Ok(())
        }
        Action::CheckConfig => {
            println!("{config:#?}");
            Ok(())
        }
    }
}
