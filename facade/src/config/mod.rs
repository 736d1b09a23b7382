//! Configuration: flags, then the environment, then `.env` in the working directory.
//!
//! *Invariant*: everything is parsed and checked here, before a port opens. An error names the
//! variable and says why, in one line, and never shows a value that may hold a secret.
mod cors;
mod error;
mod flags;
mod jwt;
mod listen;
mod proxies;
mod secret;
mod span;

pub use cors::CorsOrigins;
pub use error::ConfigError;
pub use jwt::{JwtConfig, JwtKeys};
pub use listen::Limits;
pub use proxies::TrustedProxies;
pub use secret::Secret;

use crate::address::Address;
use clap::Parser;
use clap::error::ErrorKind;
use flags::{Command, Flags};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A configuration that can be started with.
pub struct Config {
    /// Where tokens are managed; none makes a facade that only verifies.
    pub database: Option<Address>,
    /// Where tokens are verified: the same unless said otherwise.
    pub verify_database: Address,
    /// The public port.
    pub listen: SocketAddr,
    /// The port of management, page and metrics; none leaves them on the public one.
    pub admin_listen: Option<SocketAddr>,
    /// What comes before every path: empty, or `/like/this`.
    pub base_path: String,
    /// Where people reach the admin page, for sign-in links.
    pub public_url: String,
    /// What the metadata of RFC 8414 begin with; none is the host that a client names.
    pub issuer: Option<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Pages of which origins may call.
    pub cors_origins: CorsOrigins,
    /// The requirements that forward-auth knows by name.
    pub policies_file: Option<PathBuf>,
    /// What makes a bearer an administrator.
    pub admin_secret: Option<Secret>,
    /// What makes a bearer a verifier.
    pub verifier_secret: Option<Secret>,
    /// How users are known; none = there are no users.
    pub jwt: Option<JwtConfig>,
    /// How long a sign-in to the page lasts.
    pub session_ttl: Duration,
    /// Connections to the management database.
    pub database_connections: usize,
    /// How long a management statement may take, waiting for a connection included.
    pub database_timeout: Duration,
    /// Connections to the verification database.
    pub verify_connections: usize,
    /// How long a verification may take.
    pub verify_timeout: Duration,
    /// Questions folded into one statement; 1 = no folding.
    pub batch_max: usize,
    /// Failed guesses per minute and client address.
    pub guesses_per_minute: u32,
    /// What a client may take.
    pub limits: Limits,
}

/// What the command line asks for.
pub enum Start {
    /// Print this and exit.
    Say(String),
    /// Check what only a look into files can tell, and exit.
    Check(Box<Config>),
    /// Print a one-time sign-in link and exit.
    SignInLink(Box<Config>, Option<String>),
    /// Serve.
    Serve(Box<Config>),
}

/// Reads the configuration. Changes the environment: no other thread may run.
pub fn read() -> Result<Start, ConfigError> {
    match dotenvy::from_path(".env") {
        Err(error) if !error.not_found() => return Err(ConfigError::DotEnv(error)),
        _ => {}
    }
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            return Ok(Start::Say(error.to_string()));
        }
        Err(error) => return Err(ConfigError::Flags(first_line(&error.to_string()))),
    };
    let (check, command) = (flags.check_config, flags.command.clone());
    let config = Box::new(flags.into_config()?);
    Ok(match command {
        _ if check => Start::Check(config),
        Some(Command::SignInLink { actor }) => Start::SignInLink(config, actor),
        None => Start::Serve(config),
    })
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}
