//! What every handler shares.
use crate::caller::Callers;
use crate::config::Config;
use crate::database::Database;

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
    /// Opens no connection yet: the facade starts, and heals, whatever state the database is in.
    pub fn new(config: Config) -> App {
        let pool = |address: &crate::address::Address, connections| {
            Database::new(address.clone(), connections, config.database_timeout)
        };
        let management = config.database.as_ref();
        App {
            management: management.map(|address| pool(address, config.database_connections)),
            verification: pool(&config.verify_database, config.verify_connections),
            callers: Callers::new(&config),
            config,
        }
    }
}
