//! Signers of users' JWTs.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rsa::pkcs1::EncodeRsaPrivateKey;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Before the 32 bytes of an Ed25519 key: its PKCS#8 frame.
const ED25519_FRAME: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// A key with a name.
pub struct Signer {
    kid: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    /// HS256.
    pub fn hs256(secret: &str) -> Signer {
        Signer::new(
            "",
            Algorithm::HS256,
            EncodingKey::from_secret(secret.as_bytes()),
        )
    }

    /// RS256.
    pub fn rs256(kid: &str) -> Signer {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key");
        let der = key.to_pkcs1_der().expect("DER");
        Signer::new(
            kid,
            Algorithm::RS256,
            EncodingKey::from_rsa_der(der.as_bytes()),
        )
    }

    /// ES256.
    pub fn es256(kid: &str) -> Signer {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        Signer::new(
            kid,
            Algorithm::ES256,
            EncodingKey::from_ec_der(&key.serialize_der()),
        )
    }

    /// EdDSA.
    pub fn eddsa(kid: &str) -> Signer {
        let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        let der = [ED25519_FRAME, random[0].as_bytes(), random[1].as_bytes()].concat();
        Signer::new(kid, Algorithm::EdDSA, EncodingKey::from_ed_der(&der))
    }

    fn new(kid: &str, algorithm: Algorithm, key: EncodingKey) -> Signer {
        Signer {
            kid: kid.to_owned(),
            algorithm,
            key,
        }
    }

    /// A JWT with these claims, which are as they are.
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = (!self.kid.is_empty()).then(|| self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key).expect("claims are JSON")
    }

    /// A JWT with this header and these claims, which are as they are.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm);
        format!("{message}.{}", signature.expect("the key fits"))
    }

    /// A JWT of this user, good for an hour.
    pub fn user(&self, user_id: &str) -> String {
        self.sign(&json!({ "sub": user_id, "exp": now() + 3600 }))
    }

    /// The public key, or for HS256 the secret.
    pub fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key");
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).expect("JSON")
    }
}

/// A part of a JWT.
pub fn base64url(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// A set of public keys.
pub fn jwks(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.expect("it is after 1970").as_secs()).expect("not so late")
}
