//! The HTTP facade of pgtoken: the functions of the extension for HTTP clients and gateways.
//!
//! *Invariant*: nothing here decides whether a token is good. The database does; the facade
//! carries questions there and answers back.
#![forbid(unsafe_code)]

mod address;
mod config;
mod database;
mod problem;
mod routes;
mod server;
mod shutdown;
mod tls;

use config::{Config, Start};
use database::Database;
use std::io::IsTerminal;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// EX_USAGE of sysexits.h: the configuration is wrong, trying again will not help.
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    // Before any thread starts: reading `.env` changes the environment.
    let start = match config::read() {
        Ok(start) => start,
        Err(error) => return fail(BAD_CONFIGURATION, &error.to_string()),
    };
    let config = match start {
        Start::Say(text) => return say(&text),
        Start::Serve(config) => config,
    };
    start_logging();
    match serve(*config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error.to_string()),
    }
}

#[tokio::main]
async fn serve(config: Config) -> std::io::Result<()> {
    let database = Database::new(config.database);
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        std::io::Error::new(
            error.kind(),
            format!("PGTOKEN_LISTEN: {}: {error}", config.listen),
        )
    })?;
    let shutdown = shutdown::requested()?;
    server::run(listener, database, shutdown).await
}

fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

#[expect(clippy::print_stdout, reason = "--help and --check-config answer here")]
fn say(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

fn fail(code: u8, why: &str) -> ExitCode {
    eprintln!("pgtoken-facade: {why}");
    ExitCode::from(code)
}
