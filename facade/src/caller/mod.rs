//! Who is calling: an administrator, a user, a verifier, or somebody who only holds a token.
//!
//! *Invariant*: nobody becomes an administrator by what the database holds, and no API token
//! becomes a caller who manages.
mod jwks;
mod jwt;
mod link;
mod origin;
mod seal;
mod session;

pub use link::Link;
pub use session::{COOKIE, Session};

use crate::config::{Config, ConfigError, Secret};
use crate::database::Database;
use crate::guesses::Guesses;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::request::Request;
use crate::verify::too_many_guesses;
use jwt::Jwts;
use link::Links;
use pgtoken_format::{Shape, classify, digest};
use session::Sessions;
use std::time::Duration;

/// Whether a text is any token of ours, an imported one too.
const IS_TOKEN: &str = "select true from pgtoken.inspect_digest(digest => $1)";

/// Somebody who manages tokens, in the words of the SQL functions.
#[derive(Clone)]
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
    jwts: Option<Jwts>,
    /// Sign-ins to the page; none without an administrator's secret to sign them with.
    sign_in: Option<(Sessions, Links)>,
    verification: Database,
    guesses: Guesses,
    metrics: Metrics,
}

impl Callers {
    /// From the configuration; `management` keeps used links and ended sessions.
    pub fn new(
        config: &Config,
        management: Option<&Database>,
        verification: &Database,
        guesses: &Guesses,
        metrics: &Metrics,
    ) -> Result<Callers, ConfigError> {
        let sign_in = config.admin_secret.as_ref().zip(management);
        let sign_in = sign_in.map(|(secret, database)| {
            let sessions = Sessions::new(secret, config.session_ttl, database.clone());
            (sessions, Links::new(secret, database.clone()))
        });
        Ok(Callers {
            admin_secret: config.admin_secret.clone(),
            verifier_secret: config.verifier_secret.clone(),
            jwts: config.jwt.clone().map(Jwts::new).transpose()?,
            sign_in,
            verification: verification.clone(),
            guesses: guesses.clone(),
            metrics: metrics.clone(),
        })
    }

    /// Whoever manages tokens: an administrator or a user.
    pub async fn manager(&self, request: &Request) -> Result<Manager, Problem> {
        if let Some(credential) = request.credential()? {
            let (mut manager, _) = self.by_credential(credential, request).await?;
            if manager.as_user.is_none() && manager.actor.is_none() {
                manager.actor = request.text("pgtoken-actor")?.map(str::to_owned);
            }
            return Ok(manager);
        }
        let session = self.session(request).await?;
        if !request.method().is_safe() {
            origin::require_same(request)?;
        }
        Ok(session.manager)
    }

    /// The page's session of this request.
    pub async fn session(&self, request: &Request) -> Result<Session, Problem> {
        match (request.cookie(COOKIE), &self.sign_in) {
            (Some(cookie), Some((sessions, _))) => sessions.open(cookie).await,
            _ => Err(Problem::unauthenticated()),
        }
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
            "this takes the verifier's secret, or an administrator",
        ))
    }

    /// Signs in whoever proves who they are, for the page; the cookie that says so.
    pub async fn sign_in(
        &self,
        proof: Proof,
        request: &Request,
    ) -> Result<(Session, String), Problem> {
        origin::refuse_other(request)?;
        let (sessions, links) = self.sessions()?;
        let (manager, lasts) = match proof {
            Proof::Link(link) => (links.redeem(&link).await?, None),
            Proof::Credential { credential, actor } => {
                let (mut manager, lasts) = self.by_credential(&credential, request).await?;
                if manager.as_user.is_none() && manager.actor.is_none() {
                    manager.actor = actor;
                }
                (manager, lasts)
            }
        };
        Ok(sessions.start(manager, lasts))
    }

    /// Ends a session on every facade.
    pub async fn sign_out(&self, request: &Request) -> Result<(), Problem> {
        let (sessions, _) = self.sessions()?;
        let session = self.session(request).await?;
        origin::require_same(request)?;
        sessions.end(&session).await
    }

    /// A one-time link for the page, and its id.
    pub fn link(&self, actor: Option<String>) -> Result<Link, Problem> {
        self.sessions().map(|(_, links)| links.make(actor))
    }

    fn sessions(&self) -> Result<&(Sessions, Links), Problem> {
        self.sign_in.as_ref().ok_or_else(|| {
            Problem::new(
                hyper::StatusCode::NOT_FOUND,
                "sign_in_off",
                "signing in to the page takes PGTOKEN_ADMIN_SECRET, which is not set",
            )
        })
    }

    /// Who holds this credential, and how long it is good if that is known.
    async fn by_credential(
        &self,
        credential: &str,
        request: &Request,
    ) -> Result<(Manager, Option<Duration>), Problem> {
        if is(&self.admin_secret, credential) {
            let administrator = Manager {
                as_user: None,
                actor: None,
                workspace_id: None,
            };
            return Ok((administrator, None));
        }
        if is(&self.verifier_secret, credential) {
            return Err(Problem::insufficient_scope("a verifier manages no tokens"));
        }
        // Only now: whoever guesses locks nobody out who shares the address and knows a secret.
        if let Some(wait) = self.guesses.wait(request.client_addr) {
            self.metrics.count_refused_guess();
            return Err(too_many_guesses(wait.as_secs() + 1));
        }
        let known = self.by_jwt_or_token(credential).await;
        if known
            .as_ref()
            .is_err_and(|problem| problem.code() == "invalid_token")
        {
            self.guesses.count(request.client_addr);
        }
        known
    }

    async fn by_jwt_or_token(
        &self,
        credential: &str,
    ) -> Result<(Manager, Option<Duration>), Problem> {
        if let Some(jwts) = &self.jwts
            && jwt::has_shape(credential)
        {
            return jwts.manager(credential).await;
        }
        match classify(credential.as_bytes()) {
            Shape::Own => return Err(Problem::token_cannot_manage()),
            Shape::Malformed => return Err(Problem::invalid_token()),
            Shape::Foreign => {}
        }
        // An imported token has another shape; only the database knows it.
        let digest = digest(credential.as_bytes());
        match &*self
            .verification
            .rows(IS_TOKEN, &[&digest.as_slice()])
            .await?
        {
            [] => Err(Problem::invalid_token()),
            _ => Err(Problem::token_cannot_manage()),
        }
    }
}

/// What somebody signs in with.
pub enum Proof {
    /// A one-time link.
    Link(String),
    /// What would be a bearer elsewhere.
    Credential {
        /// The administrator's secret, or a JWT.
        credential: String,
        /// Who uses the administrator's secret.
        actor: Option<String>,
    },
}

fn is(secret: &Option<Secret>, credential: &str) -> bool {
    secret.as_ref().is_some_and(|secret| secret.is(credential))
}
