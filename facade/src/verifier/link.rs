//! One open connection.
use super::batch::{ASK, Batch};
use crate::address::{Address, with_cause};
use futures_util::{TryStreamExt, pin_mut};
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Connection, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A connection with its statement. The wire is driven by whoever holds the link, in the same
/// task: an answer wakes one task and not two.
pub(super) struct Link {
    client: Client,
    wire: Wire,
    statement: Statement,
}

/// Why a link cannot be opened or used any more.
#[derive(Debug, Error)]
pub(super) enum LinkError {
    /// The server refused or the connection broke.
    #[error("{}", with_cause(.0))]
    Database(#[from] tokio_postgres::Error),
    /// The server closed the connection without a word.
    #[error("the server closed the connection")]
    Closed,
    /// The server does not answer.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

impl Link {
    /// Connects and prepares, all within `limit`.
    pub(super) async fn open(address: &Address, limit: Duration) -> Result<Link, LinkError> {
        let opening = async {
            let (client, mut wire) = address.config.connect(address.tls.clone()).await?;
            let statement = drive(&mut wire, async {
                // What a call that was given up may still take on the server.
                let settings = format!(
                    "set time zone 'UTC'; set statement_timeout = {}",
                    limit.as_millis()
                );
                client.batch_execute(&settings).await?;
                client.prepare(ASK).await
            })
            .await?;
            Ok(Link {
                client,
                wire,
                statement,
            })
        };
        timeout(limit, opening)
            .await
            .unwrap_or(Err(LinkError::Timeout(limit)))
    }

    /// Asks the questions of a batch and hands out the answers as they come.
    pub(super) async fn ask(
        &mut self,
        batch: &mut Batch,
        limit: Duration,
    ) -> Result<(), LinkError> {
        let sent = {
            let arguments = batch.arguments();
            let parameters = arguments.parameters();
            let sending = self.client.query_raw(&self.statement, parameters);
            timeout(limit, drive(&mut self.wire, sending)).await
        };
        let rows = sent.unwrap_or(Err(LinkError::Timeout(limit)))?;
        let receiving = async {
            pin_mut!(rows);
            while let Some(row) = rows.try_next().await? {
                batch.deliver(row);
            }
            Ok(())
        };
        timeout(limit, drive(&mut self.wire, receiving))
            .await
            .unwrap_or(Err(LinkError::Timeout(limit)))
    }

    /// Completes when the connection does: nothing else can be learned from an idle one.
    pub(super) async fn closed(&mut self) -> LinkError {
        match (&mut self.wire).await {
            Ok(()) => LinkError::Closed,
            Err(error) => LinkError::Database(error),
        }
    }
}

/// Runs a request while driving the wire that it goes over.
async fn drive<T>(
    wire: &mut Wire,
    request: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, LinkError> {
    pin_mut!(request);
    tokio::select! {
        biased;
        result = &mut request => Ok(result?),
        end = wire => match end {
            // The last answers may be in hand already.
            Ok(()) => Ok(request.await?),
            Err(error) => Err(LinkError::Database(error)),
        },
    }
}
