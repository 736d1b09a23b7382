//! Configuration: flags, then the environment, then `.env` in the working directory.
//!
//! Everything is parsed and checked here, before a port opens. An error names the variable and
//! says why, and never shows a value that may hold a password.
use crate::address::{Address, AddressError};
use clap::Parser;
use clap::error::ErrorKind;
use std::net::SocketAddr;
use thiserror::Error;

/// The flags, as the user writes them.
#[derive(Parser)]
#[command(name = "pgtoken-facade", version, about = "The HTTP facade of pgtoken")]
struct Flags {
    /// Address of the database with the extension: postgres://user:password@host:port/database.
    ///
    /// sslmode (disable, allow, prefer, require, verify-ca, verify-full) and sslrootcert (a PEM file) are
    /// understood as by libpq; a Unix socket is postgres:///database?host=/folder&user=name.
    #[arg(
        long,
        env = "PGTOKEN_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,

    /// Address to listen on; port 0 takes any free port and logs it.
    #[arg(
        long,
        env = "PGTOKEN_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    listen: String,

    /// Check the configuration and exit: 0 if it is good, 64 if not.
    #[arg(long)]
    check_config: bool,
}

/// A configuration that can be started with.
pub struct Config {
    /// How to reach the database.
    pub database: Address,
    /// Where to listen.
    pub listen: SocketAddr,
}

/// What the command line asks for.
pub enum Start {
    /// Print this and exit.
    Say(String),
    /// Serve.
    Serve(Box<Config>),
}

/// Why the configuration cannot be used, in one line.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A flag is unknown or lacks its value.
    #[error("{0}")]
    Flags(String),
    /// `.env` is there and cannot be read.
    #[error(".env: {0}")]
    DotEnv(dotenvy::Error),
    /// There is no default for the database.
    #[error("PGTOKEN_DATABASE_URL: is not set; give it as postgres://user@host:port/database")]
    NoDatabase,
    /// The database's address cannot be used.
    #[error("PGTOKEN_DATABASE_URL: {0}")]
    Database(#[from] AddressError),
    /// The address to listen on is not one.
    #[error("PGTOKEN_LISTEN: `{0}` is not an address and port such as 127.0.0.1:8080")]
    Listen(String),
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
    let check = flags.check_config;
    let config = flags.into_config()?;
    if check {
        return Ok(Start::Say("the configuration is good\n".to_owned()));
    }
    Ok(Start::Serve(Box::new(config)))
}

impl Flags {
    fn into_config(self) -> Result<Config, ConfigError> {
        let url = self.database_url.ok_or(ConfigError::NoDatabase)?;
        let listen = self
            .listen
            .parse()
            .map_err(|_| ConfigError::Listen(self.listen))?;
        Ok(Config {
            database: Address::parse(&url)?,
            listen,
        })
    }
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}
