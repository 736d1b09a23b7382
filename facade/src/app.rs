//! What every handler shares.
use crate::address::Address;
use crate::caller::Callers;
use crate::config::{Config, ConfigError};
use crate::database::Database;
use crate::guesses::Guesses;
use crate::metrics::Metrics;
use crate::policies::{self, Policies};
use crate::problem::Problem;
use crate::verifier::{Settings, Verifier};
use hyper::StatusCode;

/// Questions that may wait for the database: a few times what its connections answer in a tenth of
/// a second.
const QUEUE_MAX: usize = 16_384;

/// The parts of a running facade.
pub struct App {
    /// The settings.
    pub config: Config,
    /// Where tokens are managed; none in a facade that only verifies.
    pub management: Option<Database>,
    /// A few connections to where tokens are verified, for readiness and rare questions.
    pub verification: Database,
    /// Verifies tokens, once it is started.
    pub verifier: Verifier,
    /// The requirements that forward-auth knows by name.
    pub policies: Policies,
    /// Who guessed too often.
    pub guesses: Guesses,
    /// What is measured.
    pub metrics: Metrics,
    /// Who is calling.
    pub callers: Callers,
}

impl App {
    /// Reads the files that the settings name. Opens no connection yet: the facade starts, and
    /// heals, whatever state the database is in.
    pub fn new(config: Config) -> Result<App, ConfigError> {
        let pool = |address: &Address, connections| {
            Database::new(address.clone(), connections, config.database_timeout)
        };
        let management = config.database.as_ref();
        let management = management.map(|address| pool(address, config.database_connections));
        let verification = pool(&config.verify_database, config.verify_connections);
        let policies = match &config.policies_file {
            None => Policies::default(),
            Some(file) => policies::read(file)
                .map_err(|error| ConfigError::bad("PGTOKEN_POLICIES_FILE", error.to_string()))?,
        };
        let metrics = Metrics::new();
        let settings = Settings {
            connections: config.verify_connections,
            batch_max: config.batch_max,
            queue_max: QUEUE_MAX,
            timeout: config.verify_timeout,
        };
        let address = config.verify_database.clone();
        let guesses = Guesses::per_minute(config.guesses_per_minute);
        let callers = Callers::new(
            &config,
            management.as_ref(),
            &verification,
            &guesses,
            &metrics,
        )?;
        Ok(App {
            verifier: Verifier::new(address, settings, metrics.clone()),
            policies,
            guesses,
            metrics,
            callers,
            management,
            verification,
            config,
        })
    }

    /// Where tokens are managed.
    pub fn management(&self) -> Result<&Database, Problem> {
        self.management.as_ref().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "verify_only",
                "this facade only verifies: PGTOKEN_DATABASE_URL is not set",
            )
        })
    }
}
