//! The flags, as the user writes them; each is an environment variable too.
use super::{Config, ConfigError, CorsOrigins, JwtConfig, Limits, Secret, TrustedProxies};
use super::{jwt, listen, span};
use crate::address::Address;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// What else the program does.
#[derive(Clone, Subcommand)]
pub enum Command {
    /// Print a link that signs an administrator in to the admin page, once, within 15 minutes.
    SignInLink {
        /// Who the audit log will name.
        #[arg(long)]
        actor: Option<String>,
    },
}

/// The flags.
#[derive(Parser)]
#[command(name = "pgtoken-facade", version, about = "The HTTP facade of pgtoken")]
pub struct Flags {
    /// What else to do than serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Database with the extension, where tokens are managed: postgres://user:password@host:port/database.
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

    /// Database where tokens are verified; may be a standby. The same unless set; alone, the facade only verifies.
    #[arg(
        long,
        env = "PGTOKEN_VERIFY_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    verify_database_url: Option<String>,

    /// Address to listen on; port 0 takes any free port and logs it.
    #[arg(
        long,
        env = "PGTOKEN_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    listen: String,

    /// Address for management, admin page and metrics, which leave the public one then.
    #[arg(long, env = "PGTOKEN_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    admin_listen: Option<String>,

    /// What comes before every path, as the reverse proxy passes it on: /pgtoken.
    #[arg(
        long,
        env = "PGTOKEN_BASE_PATH",
        default_value = "",
        value_name = "PATH"
    )]
    base_path: String,

    /// Where people reach the admin page, for sign-in links [default: http:// and the address listened on].
    #[arg(long, env = "PGTOKEN_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// Networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.
    #[arg(
        long,
        env = "PGTOKEN_TRUSTED_PROXIES",
        default_value = "",
        value_name = "NETWORKS"
    )]
    trusted_proxies: String,

    /// Origins whose pages may call from a browser, separated by commas.
    #[arg(
        long,
        env = "PGTOKEN_CORS_ORIGINS",
        default_value = "",
        value_name = "ORIGINS"
    )]
    cors_origins: String,

    /// Named requirements for forward-auth (TOML).
    #[arg(long, env = "PGTOKEN_POLICIES_FILE", value_name = "FILE")]
    policies_file: Option<PathBuf>,

    /// The bearer with this secret is an administrator; at least 32 characters.
    #[arg(
        long,
        env = "PGTOKEN_ADMIN_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    admin_secret: Option<String>,

    /// The bearer with this secret may verify and introspect; at least 32 characters.
    #[arg(
        long,
        env = "PGTOKEN_VERIFIER_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    verifier_secret: Option<String>,

    /// Secret that users' JWTs are signed with (HS256); at least 32 characters.
    #[arg(
        long,
        env = "PGTOKEN_JWT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    jwt_secret: Option<String>,

    /// File with the keys of users' JWTs (JWKS: RS256, ES256, EdDSA, HS256).
    #[arg(long, env = "PGTOKEN_JWKS_FILE", value_name = "FILE")]
    jwks_file: Option<PathBuf>,

    /// URL with the keys of users' JWTs (JWKS: RS256, ES256, EdDSA).
    #[arg(long, env = "PGTOKEN_JWKS_URL", value_name = "URL")]
    jwks_url: Option<String>,

    /// What `iss` of a JWT must be.
    #[arg(long, env = "PGTOKEN_JWT_ISSUER", value_name = "TEXT")]
    jwt_issuer: Option<String>,

    /// What `aud` of a JWT must be or hold.
    #[arg(long, env = "PGTOKEN_JWT_AUDIENCE", value_name = "TEXT")]
    jwt_audience: Option<String>,

    /// Claim with the user's id.
    #[arg(
        long,
        env = "PGTOKEN_JWT_USER_CLAIM",
        default_value = "sub",
        value_name = "CLAIM"
    )]
    jwt_user_claim: String,

    /// Claim with the user's active workspace.
    #[arg(
        long,
        env = "PGTOKEN_JWT_WORKSPACE_CLAIM",
        default_value = "workspace_id",
        value_name = "CLAIM"
    )]
    jwt_workspace_claim: String,

    /// Claim with a role or a list of roles.
    #[arg(
        long,
        env = "PGTOKEN_JWT_ROLE_CLAIM",
        default_value = "role",
        value_name = "CLAIM"
    )]
    jwt_role_claim: String,

    /// Role that makes the bearer of a JWT an administrator; unset, no JWT does.
    #[arg(long, env = "PGTOKEN_JWT_ADMIN_ROLE", value_name = "ROLE")]
    jwt_admin_role: Option<String>,

    /// How often the keys are read again at most because a JWT names one that is not known.
    #[arg(
        long,
        env = "PGTOKEN_JWKS_REFRESH",
        default_value = "10s",
        value_name = "DURATION"
    )]
    jwks_refresh: String,

    /// How long a sign-in to the admin page lasts.
    #[arg(
        long,
        env = "PGTOKEN_SESSION_TTL",
        default_value = "8h",
        value_name = "DURATION"
    )]
    session_ttl: String,

    /// Connections to the management database.
    #[arg(
        long,
        env = "PGTOKEN_DATABASE_CONNECTIONS",
        default_value = "8",
        value_name = "COUNT"
    )]
    database_connections: String,

    /// How long a management statement may take, waiting for a connection included.
    #[arg(
        long,
        env = "PGTOKEN_DATABASE_TIMEOUT",
        default_value = "5s",
        value_name = "DURATION"
    )]
    database_timeout: String,

    /// Connections to the verification database.
    #[arg(
        long,
        env = "PGTOKEN_VERIFY_CONNECTIONS",
        default_value = "2",
        value_name = "COUNT"
    )]
    verify_connections: String,

    /// How long a verification may take.
    #[arg(
        long,
        env = "PGTOKEN_VERIFY_TIMEOUT",
        default_value = "2s",
        value_name = "DURATION"
    )]
    verify_timeout: String,

    /// Verifications folded into one statement at most; 1 = no folding.
    #[arg(
        long,
        env = "PGTOKEN_BATCH_MAX",
        default_value = "128",
        value_name = "COUNT"
    )]
    batch_max: String,

    /// Failed guesses of tokens and secrets per minute and client address; more are answered 429.
    #[arg(
        long,
        env = "PGTOKEN_GUESSES_PER_MINUTE",
        default_value = "60",
        value_name = "COUNT"
    )]
    guesses_per_minute: String,

    /// Client connections served at a time; more wait.
    #[arg(
        long,
        env = "PGTOKEN_MAX_CONNECTIONS",
        default_value = "20000",
        value_name = "COUNT"
    )]
    max_connections: String,

    /// How long a connection may be idle, and a client take to send the head of a request.
    #[arg(
        long,
        env = "PGTOKEN_IDLE_TIMEOUT",
        default_value = "75s",
        value_name = "DURATION"
    )]
    idle_timeout: String,

    /// How long a client may take to send a body.
    #[arg(
        long,
        env = "PGTOKEN_BODY_TIMEOUT",
        default_value = "10s",
        value_name = "DURATION"
    )]
    body_timeout: String,

    /// How long requests may take to finish after SIGTERM.
    #[arg(
        long,
        env = "PGTOKEN_DRAIN_TIMEOUT",
        default_value = "30s",
        value_name = "DURATION"
    )]
    drain_timeout: String,

    /// Check the configuration and the files it names, and exit: 0 if all is good, 64 if not.
    #[arg(long)]
    pub check_config: bool,
}

impl Flags {
    /// Parses each value. An empty variable is a value, and refused where it means nothing.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        let database = self.database_url.as_deref();
        let verify_database = match (self.verify_database_url.as_deref(), database) {
            (Some(url), _) => parse_address("PGTOKEN_VERIFY_DATABASE_URL", url)?,
            (None, Some(url)) => parse_address("PGTOKEN_DATABASE_URL", url)?,
            (None, None) => return Err(ConfigError::NoDatabase),
        };
        let database = database
            .map(|url| parse_address("PGTOKEN_DATABASE_URL", url))
            .transpose()?;
        let listen = listen::address("PGTOKEN_LISTEN", &self.listen)?;
        let admin_listen = self
            .admin_listen
            .map(|text| listen::address("PGTOKEN_ADMIN_LISTEN", &text))
            .transpose()?;
        if admin_listen == Some(listen) && listen.port() != 0 {
            return Err(ConfigError::bad(
                "PGTOKEN_ADMIN_LISTEN",
                "is the same as PGTOKEN_LISTEN; leave it unset to have everything on one port",
            ));
        }
        let base_path = listen::base_path("PGTOKEN_BASE_PATH", &self.base_path)?;
        let public_url = self
            .public_url
            .map(|url| listen::public_url("PGTOKEN_PUBLIC_URL", &url))
            .transpose()?;
        // With a port of its own, the page may well have another host than clients know.
        let issuer = public_url.clone().filter(|_| admin_listen.is_none());
        let public_url = public_url
            .unwrap_or_else(|| format!("http://{}{base_path}", admin_listen.unwrap_or(listen)));
        let secret = |variable, text: Option<String>| {
            text.map(|text| Secret::parse(variable, text)).transpose()
        };
        let admin_secret = secret("PGTOKEN_ADMIN_SECRET", self.admin_secret)?;
        let verifier_secret = secret("PGTOKEN_VERIFIER_SECRET", self.verifier_secret)?;
        let same = |other: &Secret| {
            let other = std::str::from_utf8(other.bytes()).expect("it was a text");
            admin_secret.as_ref().is_some_and(|secret| secret.is(other))
        };
        if verifier_secret.as_ref().is_some_and(same) {
            return Err(ConfigError::bad(
                "PGTOKEN_VERIFIER_SECRET",
                "is the same as PGTOKEN_ADMIN_SECRET: every verifier would be an administrator",
            ));
        }
        let keys = jwt::keys(self.jwt_secret, self.jwks_file, self.jwks_url)?;
        let refresh = span::duration("PGTOKEN_JWKS_REFRESH", &self.jwks_refresh)?;
        let jwt = keys.map(|keys| JwtConfig {
            keys,
            issuer: self.jwt_issuer,
            audience: self.jwt_audience,
            user_claim: self.jwt_user_claim,
            workspace_claim: self.jwt_workspace_claim,
            role_claim: self.jwt_role_claim,
            admin_role: self.jwt_admin_role,
            refresh,
        });
        if jwt
            .as_ref()
            .is_some_and(|jwt| jwt.admin_role.as_deref() == Some(""))
        {
            return Err(ConfigError::bad(
                "PGTOKEN_JWT_ADMIN_ROLE",
                "is empty; leave it unset if no JWT makes an administrator",
            ));
        }
        let limits = Limits {
            connections: span::count(
                "PGTOKEN_MAX_CONNECTIONS",
                &self.max_connections,
                1..=1_000_000,
            )?,
            idle: span::duration("PGTOKEN_IDLE_TIMEOUT", &self.idle_timeout)?,
            body: span::duration("PGTOKEN_BODY_TIMEOUT", &self.body_timeout)?,
            drain: span::duration("PGTOKEN_DRAIN_TIMEOUT", &self.drain_timeout)?,
        };
        let guesses = "PGTOKEN_GUESSES_PER_MINUTE";
        let guesses_per_minute = span::count(guesses, &self.guesses_per_minute, 1..=1_000_000)?;
        Ok(Config {
            database,
            verify_database,
            listen,
            admin_listen,
            base_path,
            public_url,
            issuer,
            trusted_proxies: TrustedProxies::parse(
                "PGTOKEN_TRUSTED_PROXIES",
                &self.trusted_proxies,
            )?,
            cors_origins: CorsOrigins::parse("PGTOKEN_CORS_ORIGINS", &self.cors_origins)?,
            policies_file: self.policies_file,
            admin_secret,
            verifier_secret,
            jwt,
            session_ttl: span::duration("PGTOKEN_SESSION_TTL", &self.session_ttl)?,
            database_connections: span::count(
                "PGTOKEN_DATABASE_CONNECTIONS",
                &self.database_connections,
                1..=1000,
            )?,
            database_timeout: span::duration("PGTOKEN_DATABASE_TIMEOUT", &self.database_timeout)?,
            verify_connections: span::count(
                "PGTOKEN_VERIFY_CONNECTIONS",
                &self.verify_connections,
                1..=100,
            )?,
            verify_timeout: span::duration("PGTOKEN_VERIFY_TIMEOUT", &self.verify_timeout)?,
            batch_max: span::count("PGTOKEN_BATCH_MAX", &self.batch_max, 1..=1000)?,
            guesses_per_minute: u32::try_from(guesses_per_minute).expect("at most a million"),
            limits,
        })
    }
}

fn parse_address(variable: &'static str, url: &str) -> Result<Address, ConfigError> {
    Address::parse(url).map_err(|error| ConfigError::Database(variable, error))
}
