//! The HTTP facade of pgtoken: the functions of the extension for HTTP clients and gateways.
//!
//! *Invariant*: nothing here decides whether a token is good. The database does; the facade
//! carries questions there and answers back.
#![forbid(unsafe_code)]

mod address;
mod admin;
mod app;
mod caller;
mod config;
mod cors;
mod database;
mod guesses;
mod json;
mod manage;
mod measures;
mod metrics;
mod policies;
mod problem;
mod reference;
mod request;
mod response;
mod routes;
mod server;
mod shutdown;
mod sqlstate;
mod tls;
mod verifier;
mod verify;

use app::App;
use config::{Config, Start};
use server::Ports;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// EX_USAGE of sysexits.h: the configuration is wrong, trying again will not help.
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    // Before any thread starts: reading `.env` changes the environment.
    let start = match config::read() {
        Ok(start) => start,
        Err(error) => return fail(BAD_CONFIGURATION, &error.to_string()),
    };
    match start {
        Start::Say(text) => say(&text),
        Start::Check(config) => match App::new(*config) {
            Ok(_) => say("the configuration is good\n"),
            Err(error) => fail(BAD_CONFIGURATION, &error.to_string()),
        },
        Start::SignInLink(config, actor) => sign_in_link(*config, actor),
        Start::Serve(config) => serve(*config),
    }
}

/// Signing takes no database: whoever can read the administrator's secret makes links.
fn sign_in_link(config: Config, actor: Option<String>) -> ExitCode {
    let page = format!("{}/admin/", config.public_url);
    let app = match App::new(config) {
        Ok(app) => app,
        Err(error) => return fail(BAD_CONFIGURATION, &error.to_string()),
    };
    match app.callers.link(actor) {
        // In the fragment, which no browser sends: no log has it.
        Ok(link) => say(&format!("{page}#link={}\n", link.0)),
        Err(_) => fail(
            BAD_CONFIGURATION,
            "PGTOKEN_ADMIN_SECRET and PGTOKEN_DATABASE_URL: a sign-in link takes both",
        ),
    }
}

fn serve(config: Config) -> ExitCode {
    start_logging();
    let app = match App::new(config) {
        Ok(app) => Arc::new(app),
        Err(error) => return fail(BAD_CONFIGURATION, &error.to_string()),
    };
    match run(app) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error.to_string()),
    }
}

#[tokio::main]
async fn run(app: Arc<App>) -> std::io::Result<()> {
    let public = open("PGTOKEN_LISTEN", app.config.listen).await?;
    let admin = match app.config.admin_listen {
        Some(address) => Some(open("PGTOKEN_ADMIN_LISTEN", address).await?),
        None => None,
    };
    let shutdown = shutdown::requested()?;
    let database = app.management.as_ref().unwrap_or(&app.verification).clone();
    tokio::spawn(async move { database.greet().await });
    app.verifier.start();
    server::run(Ports { public, admin }, app, shutdown).await
}

async fn open(variable: &str, address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| {
        std::io::Error::new(error.kind(), format!("{variable}: {address}: {error}"))
    })
}

/// What `RUST_LOG` asks for, but of libraries no more than they would say anyway: at `debug` the
/// client of PostgreSQL shows parameters, and so tokens.
fn start_logging() {
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let own = filter_fn(|metadata| {
        *metadata.level() <= Level::INFO || metadata.target().starts_with("pgtoken_facade")
    });
    let to_stderr = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    registry().with(asked).with(own).with(to_stderr).init();
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
