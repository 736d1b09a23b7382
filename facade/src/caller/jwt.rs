//! JWTs of users: whose they are, if they are good.
//!
//! The key decides the algorithm, never the token: `none`, and an RSA key taken for a secret, fit no key.
use super::Manager;
use super::jwks::Jwks;
use super::seal::seconds_from_now;
use crate::config::{ConfigError, JwtConfig};
use crate::problem::Problem;
use jsonwebtoken::{Header, Validation};
use serde_json::{Map, Value};
use std::time::Duration;
use thiserror::Error;
use tracing::debug;

/// Clocks differ.
const LEEWAY_SECONDS: u64 = 10;

/// Why a JWT says nothing.
#[derive(Debug, Error)]
pub enum JwtError {
    /// It has no good form or signature, or a claim is wrong.
    #[error("{0}")]
    Bad(#[from] jsonwebtoken::errors::Error),
    /// It has extensions that must be understood, and none is.
    #[error("it says that extensions of its header are critical")]
    Critical,
    /// No key fits.
    #[error("no key fits its kid and alg")]
    NoKey,
    /// The claim with the user's id is missing or no text.
    #[error("the claim {0} is missing or no text")]
    NoUser(String),
    /// There are no keys yet.
    #[error("the keys could not be fetched")]
    NoKeys,
}

/// Knows users by their JWTs.
pub struct Jwts {
    config: JwtConfig,
    keys: Jwks,
}

impl Jwts {
    /// Reads the keys, unless they are behind a URL.
    pub fn new(config: JwtConfig) -> Result<Jwts, ConfigError> {
        let keys = Jwks::new(&config)?;
        Ok(Jwts { config, keys })
    }

    /// Who the JWT is for, and how long it is good.
    pub async fn manager(&self, token: &str) -> Result<(Manager, Option<Duration>), Problem> {
        match self.read(token).await {
            Ok(claims) => self.manager_of(&claims).map_err(refused),
            Err(JwtError::NoKeys) => Err(Problem::try_later(
                "keys_unavailable",
                "the keys that JWTs are signed with cannot be fetched right now",
            )),
            Err(error) => Err(refused(error)),
        }
    }

    async fn read(&self, token: &str) -> Result<Map<String, Value>, JwtError> {
        let header: Header = jsonwebtoken::decode_header(token)?;
        // RFC 7515, 4.1.11; the library reads it and leaves it at that.
        if header.crit.is_some() {
            return Err(JwtError::Critical);
        }
        let key = self.keys.find(&header).await?;
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        let mut required = vec!["exp"];
        if let Some(issuer) = &self.config.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if let Some(audience) = &self.config.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        Ok(jsonwebtoken::decode(token, &key.key, &validation)?.claims)
    }

    fn manager_of(
        &self,
        claims: &Map<String, Value>,
    ) -> Result<(Manager, Option<Duration>), JwtError> {
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str).map(str::to_owned);
        let user = text(&self.config.user_claim)
            .filter(|user| !user.is_empty() && !user.contains('\0'))
            .ok_or_else(|| JwtError::NoUser(self.config.user_claim.clone()))?;
        let now = seconds_from_now(Duration::ZERO);
        let expires = claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        let lasts = Duration::from_secs((expires as u64).saturating_sub(now));
        let manager = if self.is_administrator(claims) {
            Manager {
                as_user: None,
                actor: Some(user),
                workspace_id: None,
            }
        } else {
            Manager {
                as_user: Some(user),
                actor: None,
                workspace_id: text(&self.config.workspace_claim).filter(|id| !id.contains('\0')),
            }
        };
        Ok((manager, Some(lasts)))
    }

    fn is_administrator(&self, claims: &Map<String, Value>) -> bool {
        let Some(role) = &self.config.admin_role else {
            return false;
        };
        match claims.get(&self.config.role_claim) {
            Some(Value::String(held)) => held == role,
            Some(Value::Array(held)) => held.iter().any(|held| held == role),
            _ => false,
        }
    }
}

/// Three parts between dots, the first a JSON object in base64: so no token of ours.
pub fn has_shape(credential: &str) -> bool {
    credential.starts_with("eyJ") && credential.matches('.').count() == 2
}

/// Why is for the log of whoever runs the facade, not for whoever guesses.
fn refused(error: JwtError) -> Problem {
    debug!(%error, "a JWT was refused");
    Problem::invalid_token()
}
