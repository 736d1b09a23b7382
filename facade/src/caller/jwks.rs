//! The keys that users' JWTs are signed with: one secret, a file, or a URL.
//!
//! A key that is not known may be new: the file or URL is read again, at most once in a while,
//! whoever asks. Keys that cannot be read again stay as they are.
use super::jwt::JwtError;
use crate::config::{ConfigError, JwtConfig, JwtKeys};
use crate::tls::{self, Check};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{info, warn};

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that a set of keys may take.
const MAX_BYTES: usize = 256 * 1024;

/// After this long a set is read again even though the key is known: keys are withdrawn too.
const STALE: Duration = Duration::from_secs(3600);

/// A key, and the one algorithm that it is for.
pub struct Key {
    id: Option<String>,
    /// Decided by the kind of key.
    pub algorithm: Algorithm,
    /// What signatures are checked with.
    pub key: DecodingKey,
}

/// The keys, and where new ones come from.
pub struct Jwks {
    keys: RwLock<Arc<Vec<Arc<Key>>>>,
    source: Option<Source>,
    /// When the source was last asked, held while it is.
    asked: Mutex<Option<Instant>>,
    pause: Duration,
}

enum Source {
    File(PathBuf),
    Url(
        Uri,
        Box<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>>,
    ),
}

impl Jwks {
    /// Reads what is on this machine; a URL is fetched when the first JWT comes.
    pub fn new(config: &JwtConfig) -> Result<Jwks, ConfigError> {
        let (keys, source) = match &config.keys {
            JwtKeys::Secret(secret) => {
                let key = Key {
                    id: None,
                    algorithm: Algorithm::HS256,
                    key: DecodingKey::from_secret(secret.bytes()),
                };
                (vec![Arc::new(key)], None)
            }
            JwtKeys::File(path) => {
                let bad = |why| {
                    ConfigError::bad("PGTOKEN_JWKS_FILE", format!("{}: {why}", path.display()))
                };
                let text = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
                let keys = keys_of(&text, Secrets::Allowed).map_err(bad)?;
                (keys, Some(Source::File(path.clone())))
            }
            JwtKeys::Url(url) => (Vec::new(), Some(Source::url(url)?)),
        };
        Ok(Jwks {
            keys: RwLock::new(Arc::new(keys)),
            source,
            asked: Mutex::new(None),
            pause: config.refresh,
        })
    }

    /// The key that a JWT says it was signed with; it must be for the algorithm that the JWT says too.
    pub async fn find(&self, header: &Header) -> Result<Arc<Key>, JwtError> {
        let known = self.keys();
        match pick(&known, header) {
            Some(key) if !self.is_stale().await => return Ok(key),
            _ => self.refresh().await,
        }
        let known = self.keys();
        match pick(&known, header) {
            Some(key) => Ok(key),
            None if known.is_empty() => Err(JwtError::NoKeys),
            None => Err(JwtError::NoKey),
        }
    }

    fn keys(&self) -> Arc<Vec<Arc<Key>>> {
        self.keys.read().expect("no holder panics").clone()
    }

    async fn is_stale(&self) -> bool {
        let Some(Source::Url(..)) = self.source else {
            return false;
        };
        self.asked
            .lock()
            .await
            .is_none_or(|asked| asked.elapsed() > STALE)
    }

    async fn refresh(&self) {
        let Some(source) = &self.source else {
            return;
        };
        // Whoever waits here finds what the first one brought.
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|asked| asked.elapsed() < self.pause) {
            return;
        }
        let answer = source.read().await;
        *asked = Some(Instant::now());
        match answer {
            Ok(keys) => {
                info!(keys = keys.len(), "read the keys of JWTs");
                *self.keys.write().expect("no holder panics") = Arc::new(keys);
            }
            Err(error) => warn!(error, "cannot read the keys of JWTs"),
        }
    }
}

impl Source {
    fn url(url: &Uri) -> Result<Source, ConfigError> {
        let check = match url.scheme_str() {
            Some("https") => Check::SignerAndName,
            // On this machine only, where there is nobody between.
            _ => Check::Nothing,
        };
        let config = tls::client_config(check, None);
        let config = config.map_err(|_| {
            ConfigError::bad(
                "PGTOKEN_JWKS_URL",
                "the system has no certificates to check the server's against: install ca-certificates",
            )
        })?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(config);
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Source::Url(url.clone(), Box::new(client)))
    }

    async fn read(&self) -> Result<Vec<Arc<Key>>, String> {
        match self {
            Source::File(path) => {
                let text = std::fs::read(path).map_err(|error| error.to_string())?;
                keys_of(&text, Secrets::Allowed)
            }
            Source::Url(url, client) => {
                let fetched = timeout(PATIENCE, async {
                    let answer = client
                        .get(url.clone())
                        .await
                        .map_err(|error| crate::address::with_cause(&error))?;
                    if answer.status() != StatusCode::OK {
                        return Err(format!("the answer is {}", answer.status()));
                    }
                    let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
                    body.map(|body| body.to_bytes())
                        .map_err(|error| error.to_string())
                });
                let text = fetched
                    .await
                    .map_err(|_| format!("no answer within {PATIENCE:?}"))??;
                keys_of(&text, Secrets::Refused)
            }
        }
    }
}

/// Whether a set may hold secrets: one that is published holds none worth the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Allowed,
    Refused,
}

/// The keys of a set that sign JWTs; others are passed over.
fn keys_of(text: &[u8], secrets: Secrets) -> Result<Vec<Arc<Key>>, String> {
    let set: JwkSet = serde_json::from_slice(text).map_err(|error| format!("no JWKS: {error}"))?;
    let keys: Vec<_> = set
        .keys
        .iter()
        .filter_map(|jwk| key_of(jwk, secrets))
        .collect();
    if keys.is_empty() {
        return Err("holds no key for RS256, ES256, EdDSA or HS256".to_owned());
    }
    Ok(keys)
}

fn key_of(jwk: &Jwk, secrets: Secrets) -> Option<Arc<Key>> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        AlgorithmParameters::OctetKey(_) if secrets == Secrets::Allowed => Algorithm::HS256,
        _ => return None,
    };
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|purpose| *purpose != PublicKeyUse::Signature)
    {
        return None;
    }
    let named = jwk.common.key_algorithm;
    if named.is_some_and(|named| named.to_string() != format!("{algorithm:?}")) {
        return None;
    }
    Some(Arc::new(Key {
        id: jwk.common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(jwk).ok()?,
    }))
}

/// The key with the JWT's kid, else, if the JWT has none, the only one for its algorithm. A secret has no kid.
fn pick(keys: &[Arc<Key>], header: &Header) -> Option<Arc<Key>> {
    let mut fitting = keys.iter().filter(|key| {
        let same_id = key.id.is_none() || header.kid.is_none() || key.id == header.kid;
        key.algorithm == header.alg && same_id
    });
    let key = fitting.next()?;
    match fitting.next() {
        Some(_) if header.kid.is_none() => None,
        _ => Some(key.clone()),
    }
}
