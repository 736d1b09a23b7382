//! The page's sessions: a signed cookie that no script can read.
use super::Manager;
use super::seal::{Broken, Seal, seconds_from_now};
use crate::config::Secret;
use crate::database::Database;
use crate::problem::Problem;
use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// The cookie's name.
pub const COOKIE: &str = "pgtoken_session";

const IS_ENDED: &str = "select true from pgtoken.sign_in where id = $1 and kind = 'session'";

const END: &str = "insert into pgtoken.sign_in (id, kind, expires_at) \
    values ($1, 'session', to_timestamp($2::bigint)) on conflict do nothing";

/// Somebody who is signed in.
pub struct Session {
    id: Uuid,
    /// With which authority.
    pub manager: Manager,
    /// Until when, in seconds since 1970.
    pub expires: u64,
    /// How long that is from its start, in seconds.
    pub lasts: u64,
}

/// What the cookie says.
#[derive(Serialize, Deserialize)]
struct Claims {
    jti: Uuid,
    exp: u64,
    as_user: Option<String>,
    actor: Option<String>,
    workspace_id: Option<String>,
}

/// Starts sessions and knows them again.
pub struct Sessions {
    seal: Seal,
    ttl: Duration,
    database: Database,
}

impl Sessions {
    /// `database` keeps the ended ones.
    pub fn new(secret: &Secret, ttl: Duration, database: Database) -> Sessions {
        Sessions {
            seal: Seal::new(secret, "pgtoken session"),
            ttl,
            database,
        }
    }

    /// A new session, no longer than the credential it was started with, and its cookie's value.
    pub fn start(&self, manager: Manager, credential_lasts: Option<Duration>) -> (Session, String) {
        let lasts = credential_lasts.map_or(self.ttl, |lasts| lasts.min(self.ttl));
        let claims = Claims {
            jti: Uuid::now_v7(),
            exp: seconds_from_now(lasts),
            as_user: manager.as_user.clone(),
            actor: manager.actor.clone(),
            workspace_id: manager.workspace_id.clone(),
        };
        let session = Session {
            id: claims.jti,
            manager,
            expires: claims.exp,
            lasts: lasts.as_secs(),
        };
        (session, self.seal.close(&claims))
    }

    /// The session behind a cookie, unless it has ended, here or on another facade.
    pub async fn open(&self, cookie: &str) -> Result<Session, Problem> {
        let claims: Claims = match self.seal.open(cookie) {
            Ok(claims) => claims,
            Err(Broken::Expired) => {
                return Err(refusal(
                    "session_expired",
                    "the session has expired: sign in again",
                ));
            }
            Err(Broken::Invalid) => {
                return Err(refusal(
                    "session_invalid",
                    "there is no such session: sign in again",
                ));
            }
        };
        if !self
            .database
            .rows(IS_ENDED, &[&claims.jti])
            .await?
            .is_empty()
        {
            return Err(refusal(
                "session_ended",
                "the session was ended: sign in again",
            ));
        }
        Ok(Session {
            id: claims.jti,
            expires: claims.exp,
            lasts: claims.exp.saturating_sub(seconds_from_now(Duration::ZERO)),
            manager: Manager {
                as_user: claims.as_user,
                actor: claims.actor,
                workspace_id: claims.workspace_id,
            },
        })
    }

    /// Ends a session everywhere.
    pub async fn end(&self, session: &Session) -> Result<(), Problem> {
        let expires = i64::try_from(session.expires).expect("sessions last a day at most");
        self.database.rows(END, &[&session.id, &expires]).await?;
        Ok(())
    }
}

/// 401 with a code that tells the page what to say.
pub fn refusal(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail).with(
        WWW_AUTHENTICATE,
        "Bearer realm=\"pgtoken\", error=\"invalid_token\"",
    )
}
