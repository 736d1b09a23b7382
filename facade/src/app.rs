//! What every handler shares.
use crate::address::Address;
use crate::caller::Callers;
use crate::config::{Config, ConfigError};
use crate::database::Database;
use crate::problem::Problem;
use hyper::StatusCode;

/// The parts of a running facade.
pub struct App {
    /// The settings.
    pub config: Config,
    /// Where tokens are managed; none in a facade that only verifies.
    pub management: Option<Database>,
    /// A few connections to where tokens are verified, for readiness and rare questions.
    pub verification: Database,
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
        Ok(App {
            callers: Callers::new(&config, management.as_ref(), &verification)?,
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
