//! `playhead-server`: configuration, then one of its actions.

use std::process::ExitCode;

use clap::Parser;
use server::config::{Action, Config};
use server::{openapi, serve, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    match run(config).await {
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
