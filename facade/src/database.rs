//! The databases behind the facade.
use crate::address::{Address, with_cause};
use crate::metrics;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod, Runtime,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::warn;

/// How long a supervisor's question may take before the answer is no.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// A verification that finds nothing and records nothing. It takes the extension, the preloaded
/// library, and the right to verify: what every request of the facade needs.
const READY: &str = "select code from pgtoken.verify_token(token => 'ready?', consume => false)";

/// The settings by which the server would write parameters of statements to its log. No text of a token is
/// among them, but digests and names are.
const LOGS_PARAMETERS: &str = "\
    select quote_ident(current_user), name from pg_catalog.pg_settings \
    where name in ('log_parameter_max_length', 'log_parameter_max_length_on_error') and setting <> '0' \
    order by name";

/// Connections to a database, opened when they are needed and replaced when they break.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    patience: Duration,
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
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

impl Database {
    /// Opens no connection yet.
    pub fn new(address: Address, connections: usize, patience: Duration) -> Database {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(address.config, address.tls, recycling);
        let told = Arc::new(AtomicBool::new(false));
        let set_up = Hook::async_fn(move |client: &mut ClientWrapper, _| {
            let told = told.clone();
            Box::pin(async move {
                set_up(client, patience, &told)
                    .await
                    .map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .wait_timeout(Some(patience))
            .create_timeout(Some(patience))
            .runtime(Runtime::Tokio1)
            .post_create(set_up)
            .build();
        Database {
            pool: pool.expect("the pool has a runtime for its timeouts"),
            patience,
        }
    }

    /// Opens a connection before anybody waits for it; failing is for later.
    pub async fn greet(&self) {
        if let Err(error) = self.pool.get().await {
            warn!(
                error = pool_cause(&error),
                "the database cannot be asked yet"
            );
        }
    }

    /// How the connections are used now.
    pub fn state(&self) -> metrics::Pool {
        let status = self.pool.status();
        metrics::Pool {
            size: status.size,
            available: status.available,
            waiting: status.waiting,
        }
    }

    /// Whether requests would be answered now.
    pub async fn ready(&self) -> Result<(), DatabaseError> {
        self.ask(READY_TIMEOUT, READY, &[]).await.map(drop)
    }

    /// The rows of a statement, which each connection prepares once.
    pub async fn rows(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DatabaseError> {
        self.ask(self.patience, statement, parameters).await
    }

    async fn ask(
        &self,
        patience: Duration,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DatabaseError> {
        let mut held = None;
        let answer = timeout(patience, async {
            let client = held.insert(self.pool.get().await?);
            let prepared = client.prepare_cached(statement).await?;
            Ok(client.query(&prepared, parameters).await?)
        });
        if let Ok(answer) = answer.await {
            return answer;
        }
        // What the server does not answer in time may block the connection: it is not used again.
        if let Some(client) = held {
            drop(Object::take(client));
        }
        Err(DatabaseError::Timeout(patience))
    }
}

/// Makes a new connection ready for use.
async fn set_up(
    client: &ClientWrapper,
    patience: Duration,
    told: &AtomicBool,
) -> Result<(), tokio_postgres::Error> {
    // The server gives up too, so that no abandoned statement holds a lock. Times are read as JSON: in UTC.
    let patience = patience.as_millis();
    let settings = format!("set statement_timeout = {patience}; set timezone = 'UTC'");
    client.batch_execute(&settings).await?;
    for row in client.query(LOGS_PARAMETERS, &[]).await? {
        if !told.swap(true, Ordering::Relaxed) {
            let (role, setting): (&str, &str) = (row.get(0), row.get(1));
            warn!(
                "the server's log may show digests of tokens and names of users: as a superuser, run ALTER ROLE {role} SET {setting} = 0"
            );
        }
    }
    Ok(())
}

fn pool_cause(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => with_cause(error),
        other => other.to_string(),
    }
}
