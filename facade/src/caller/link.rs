//! One-time links that sign an administrator in to the page.
//!
//! A link is good on every facade with the same secret, and on one of them only: its id goes into
//! `pgtoken.sign_in` with the first use.
use super::Manager;
use super::seal::{Broken, Seal, seconds_from_now};
use super::session::refusal;
use crate::config::Secret;
use crate::database::Database;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// How long a link waits to be used.
const LASTS: Duration = Duration::from_secs(15 * 60);

/// Uses a link up, and forgets those that are refused by their time anyway. Of two that try at once, one gets a row.
const USE: &str = "with forgotten as (\
        delete from pgtoken.sign_in where expires_at < clock_timestamp() - interval '1 hour'\
    ) insert into pgtoken.sign_in (id, kind, expires_at) \
    values ($1, 'link', to_timestamp($2::bigint)) on conflict do nothing returning true";

/// The text that signs in, once.
pub struct Link(pub String);

/// What the link says.
#[derive(Serialize, Deserialize)]
struct Claims {
    jti: Uuid,
    exp: u64,
    actor: Option<String>,
}

/// Makes links and uses them up.
pub struct Links {
    seal: Seal,
    database: Database,
}

impl Links {
    /// `database` keeps the used ones.
    pub fn new(secret: &Secret, database: Database) -> Links {
        Links {
            seal: Seal::new(secret, "pgtoken sign-in link"),
            database,
        }
    }

    /// A new link; `actor` is who the audit log will name.
    pub fn make(&self, actor: Option<String>) -> Link {
        Link(self.seal.close(&Claims {
            jti: Uuid::now_v7(),
            exp: seconds_from_now(LASTS),
            actor,
        }))
    }

    /// Uses a link up.
    pub async fn redeem(&self, link: &str) -> Result<Manager, Problem> {
        let claims: Claims = match self.seal.open(link) {
            Ok(claims) => claims,
            Err(Broken::Expired) => {
                return Err(refusal(
                    "link_expired",
                    "the link has expired: make a new one",
                ));
            }
            Err(Broken::Invalid) => {
                return Err(refusal(
                    "link_invalid",
                    "there is no such link: make a new one",
                ));
            }
        };
        let expires = i64::try_from(claims.exp).expect("it was signed here");
        if self
            .database
            .rows(USE, &[&claims.jti, &expires])
            .await?
            .is_empty()
        {
            return Err(refusal(
                "link_used",
                "the link was used already: make a new one",
            ));
        }
        Ok(Manager {
            as_user: None,
            actor: claims.actor,
            workspace_id: None,
        })
    }
}
