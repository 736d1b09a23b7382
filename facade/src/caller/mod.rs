//! Who is calling.
//!
//! *Invariant*: nobody becomes an administrator by what the database holds, and no API token
//! becomes a caller who manages.
use crate::config::{Config, Secret};
use crate::problem::Problem;
use crate::request::Request;
use pgtoken_format::{Shape, classify};

/// Somebody who manages tokens, in the words of the SQL functions.
pub struct Manager {
    /// Whose authority is used; none is an administrator's.
    pub as_user: Option<String>,
    /// Who to name in the audit log; none is `as_user`, or the role of the database.
    pub actor: Option<String>,
    /// The workspace where the user is active.
    pub workspace_id: Option<String>,
}

/// Knows callers by what they send.
pub struct Callers {
    admin_secret: Option<Secret>,
    verifier_secret: Option<Secret>,
}

impl Callers {
    /// From the configuration.
    pub fn new(config: &Config) -> Callers {
        Callers {
            admin_secret: config.admin_secret.clone(),
            verifier_secret: config.verifier_secret.clone(),
        }
    }

    /// Whoever manages tokens: an administrator or a user.
    pub async fn manager(&self, request: &Request) -> Result<Manager, Problem> {
        let Some(credential) = request.credential()? else {
            return Err(Problem::unauthenticated());
        };
        if is(&self.admin_secret, credential) {
            return Ok(Manager {
                as_user: None,
                actor: request.header("pgtoken-actor").map(str::to_owned),
                workspace_id: None,
            });
        }
        if is(&self.verifier_secret, credential) {
            return Err(Problem::insufficient_scope("a verifier manages no tokens"));
        }
        if classify(credential.as_bytes()) == Shape::Own {
            return Err(Problem::token_cannot_manage());
        }
        Err(Problem::invalid_token())
    }

    /// Whoever may ask about any token: a verifier or an administrator.
    pub async fn verifier(&self, request: &Request) -> Result<(), Problem> {
        if let Some(credential) = request.credential()?
            && is(&self.verifier_secret, credential)
        {
            return Ok(());
        }
        let manager = self.manager(request).await?;
        if manager.as_user.is_none() {
            return Ok(());
        }
        Err(Problem::insufficient_scope(
            "verifying takes the verifier's secret",
        ))
    }
}

fn is(secret: &Option<Secret>, credential: &str) -> bool {
    secret.as_ref().is_some_and(|secret| secret.is(credential))
}
