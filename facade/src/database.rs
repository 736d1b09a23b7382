//! The database behind the facade.
use crate::address::{Address, with_cause};
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use std::time::Duration;
use thiserror::Error;
use tokio::time::{error::Elapsed, timeout};

/// How long a supervisor's question may take before the answer is no.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// A verification that finds nothing and records nothing. It takes the extension, the preloaded
/// library, and the right to verify: what every request of the facade needs.
const READY: &str = "select code from pgtoken.verify_token(token => 'ready?', consume => false)";

/// Connections to the database, opened when they are needed and replaced when they break.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
}

/// Why the database gave no answer.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// No connection.
    #[error("no connection: {}", pool_cause(.0))]
    Connect(#[from] PoolError),
    /// The server refused.
    #[error("{}", with_cause(.0))]
    Query(#[from] tokio_postgres::Error),
    /// The server does not answer.
    #[error("no answer within {READY_TIMEOUT:?}")]
    Timeout(#[from] Elapsed),
}

impl Database {
    /// Opens no connection yet: the facade starts, and heals, whatever state the database is in.
    pub fn new(address: Address) -> Database {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(address.config, address.tls, recycling);
        let pool = Pool::builder(manager)
            .max_size(8)
            .runtime(Runtime::Tokio1)
            .build();
        Database {
            pool: pool.expect("the pool has a runtime for its timeouts"),
        }
    }

    /// Whether requests would be answered now.
    pub async fn ready(&self) -> Result<(), DatabaseError> {
        timeout(READY_TIMEOUT, async {
            let client = self.pool.get().await?;
            client.query_one(READY, &[]).await?;
            Ok(())
        })
        .await?
    }
}

fn pool_cause(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => with_cause(error),
        other => other.to_string(),
    }
}
