//! What the facade signs for itself: sessions and links.
//!
//! The keys are derived from the administrator's secret, one for each purpose, so every facade with
//! the same secret honours what another signed, and a new secret ends all of it.
use crate::config::Secret;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Signs and checks for one purpose.
pub struct Seal {
    sign: EncodingKey,
    check: DecodingKey,
}

/// Why something is not ours, or no longer.
pub enum Broken {
    /// It was ours.
    Expired,
    /// Another key, or no such thing at all.
    Invalid,
}

impl Seal {
    /// A key for this purpose.
    pub fn new(secret: &Secret, purpose: &str) -> Seal {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
        let derived = hmac::sign(&key, purpose.as_bytes());
        Seal {
            sign: EncodingKey::from_secret(derived.as_ref()),
            check: DecodingKey::from_secret(derived.as_ref()),
        }
    }

    /// The signed text of claims, which have `exp`.
    pub fn close(&self, claims: &impl Serialize) -> String {
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, claims, &self.sign).expect("our own claims are JSON")
    }

    /// The claims of a text that was signed here and has not expired.
    pub fn open<T: DeserializeOwned>(&self, text: &str) -> Result<T, Broken> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        match jsonwebtoken::decode(text, &self.check, &validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(Broken::Expired),
            Err(_) => Err(Broken::Invalid),
        }
    }
}

/// Seconds since 1970, so long from now.
pub fn seconds_from_now(span: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    (now.expect("it is after 1970") + span).as_secs()
}
