//! The HTTP facade of pgtoken: the functions of the extension for HTTP clients and gateways.
//!
//! *Invariant*: nothing here decides whether a token is good. The database does; the facade
//! carries questions there and answers back.
#![forbid(unsafe_code)]

mod address;
mod app;
mod caller;
mod config;
mod database;
mod guesses;
mod json;
mod measures;
mod metrics;
mod policies;
mod problem;
mod request;
mod response;
mod routes;
mod server;
mod shutdown;
mod tls;
mod verifier;
mod verify;

use app::App;
use config::{Config, Start};
use policies::Policies;
use server::Ports;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
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
        Start::Check(config) => {
            return match policies(&config) {
                Ok(_) => say("the configuration is good\n"),
                Err(error) => fail(BAD_CONFIGURATION, &error),
            };
        }
        Start::SignInLink(_) => return fail(1, "not yet"),
        Start::Serve(config) => config,
    };
    let policies = match policies(&config) {
        Ok(policies) => policies,
        Err(error) => return fail(BAD_CONFIGURATION, &error),
    };
    start_logging();
    match serve(*config, policies) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error.to_string()),
    }
}

#[tokio::main]
async fn serve(config: Config, policies: Policies) -> std::io::Result<()> {
    let public = open("PGTOKEN_LISTEN", config.listen).await?;
    let admin = match config.admin_listen {
        Some(address) => Some(open("PGTOKEN_ADMIN_LISTEN", address).await?),
        None => None,
    };
    let shutdown = shutdown::requested()?;
    let app = Arc::new(App::new(config, policies));
    server::run(Ports { public, admin }, app, shutdown).await
}

fn policies(config: &Config) -> Result<Policies, String> {
    let Some(file) = &config.policies_file else {
        return Ok(Policies::default());
    };
    policies::read(file).map_err(|error| format!("PGTOKEN_POLICIES_FILE: {error}"))
}

async fn open(variable: &str, address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| {
        std::io::Error::new(error.kind(), format!("{variable}: {address}: {error}"))
    })
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
