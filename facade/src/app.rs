//! What every handler shares.
use crate::caller::Callers;
use crate::config::Config;
use crate::database::Database;
use crate::guesses::Guesses;
use crate::metrics::Metrics;
use crate::policies::Policies;
use crate::verifier::{Settings, Verifier};

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
    /// Verifies tokens.
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
    /// Waits for no connection: the facade starts, and heals, whatever state the database is in.
    pub fn new(config: Config, policies: Policies) -> App {
        let pool = |address: &crate::address::Address, connections| {
            Database::new(address.clone(), connections, config.database_timeout)
        };
        let metrics = Metrics::new();
        let settings = Settings {
            connections: config.verify_connections,
            batch_max: config.batch_max,
            queue_max: QUEUE_MAX,
            timeout: config.verify_timeout,
        };
        let management = config.database.as_ref();
        App {
            management: management.map(|address| pool(address, config.database_connections)),
            verification: pool(&config.verify_database, config.verify_connections),
            verifier: Verifier::start(config.verify_database.clone(), settings, metrics.clone()),
            policies,
            guesses: Guesses::per_minute(config.guesses_per_minute),
            metrics,
            callers: Callers::new(&config),
            config,
        }
    }
}
