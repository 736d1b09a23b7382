//! Where the database is, in the words of libpq.
//!
//! `sslmode`: `disable` sends everything in clear; `allow` and `prefer` encrypt if the server can;
//! `require` encrypts; `verify-ca` and, with `sslrootcert`, `require` check who signed the server's
//! certificate; `verify-full` checks its name too.
use crate::tls::{self, Check, TlsError};
use percent_encoding::percent_decode_str;
use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the database is and how to talk to it.
#[derive(Clone)]
pub struct Address {
    /// Host, port, user, database.
    pub config: Config,
    /// Makes the TLS sessions.
    pub tls: MakeRustlsConnect,
}

/// Why the address cannot be used. No variant shows it: it may hold a password.
#[derive(Debug, Error)]
pub enum AddressError {
    /// Another form than a URL.
    #[error("is not a URL that begins with postgres:// or postgresql://")]
    NotAUrl,
    /// A URL that the client library refuses.
    #[error("{0}")]
    Invalid(String),
    /// libpq has no such mode.
    #[error(
        "sslmode is `{0}`, and must be disable, allow, prefer, require, verify-ca or verify-full"
    )]
    Mode(String),
    /// No certificates to check the server's against.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Address {
    /// Takes `sslmode` and `sslrootcert` out of the URL; the client library reads the rest.
    pub fn parse(url: &str) -> Result<Address, AddressError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(AddressError::NotAUrl);
        }
        let (url, options) = Options::split_off(url);
        let check = options.check()?;
        let mut config: Config = url
            .parse()
            .map_err(|error| AddressError::Invalid(with_cause(&error)))?;
        config.ssl_mode(match options.mode.as_deref() {
            Some("disable") => SslMode::Disable,
            None | Some("allow" | "prefer") => SslMode::Prefer,
            Some(_) => SslMode::Require,
        });
        config.application_name("pgtoken-facade");
        Ok(Address {
            config,
            tls: MakeRustlsConnect::new(tls::client_config(check, options.root_certificates)?),
        })
    }
}

/// The parameters of a URL that the client library does not know, or knows less of.
struct Options {
    mode: Option<String>,
    root_certificates: Option<String>,
}

impl Options {
    fn split_off(url: &str) -> (String, Options) {
        let mut options = Options {
            mode: None,
            root_certificates: None,
        };
        let Some((address, query)) = url.split_once('?') else {
            return (url.to_owned(), options);
        };
        let mut rest = Vec::new();
        for parameter in query.split('&') {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => options.mode = Some(mode.to_owned()),
                Some(("sslrootcert", path)) => {
                    options.root_certificates =
                        Some(percent_decode_str(path).decode_utf8_lossy().into_owned())
                }
                _ => rest.push(parameter),
            }
        }
        if rest.is_empty() {
            return (address.to_owned(), options);
        }
        (format!("{address}?{}", rest.join("&")), options)
    }

    fn check(&self) -> Result<Check, AddressError> {
        match (self.mode.as_deref(), &self.root_certificates) {
            (None | Some("disable" | "allow" | "prefer"), _) => Ok(Check::Nothing),
            (Some("require"), None) => Ok(Check::Nothing),
            (Some("require" | "verify-ca"), _) => Ok(Check::Signer),
            (Some("verify-full"), _) => Ok(Check::SignerAndName),
            (Some(other), _) => Err(AddressError::Mode(other.to_owned())),
        }
    }
}

/// The message of an error with that of its cause, which the client library keeps apart.
pub fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
