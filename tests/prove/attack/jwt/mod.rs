//! JWT confusion: what a careless reader would take for a user's or an administrator's JWT.
mod claims;
mod keys;

use crate::claim::{Effort, Tally};
use claims::{critical, damaged, odd_claims, odd_roles};
use keys::{own_key, public_key_as_secret, unsigned};
use pgtoken_tests::jwt::{Signer, jwks, now};
use pgtoken_tests::{Http, JWT_SECRET, Stand};
use serde_json::{Value, json};

const ISSUER: &str = "https://login.example.com/";

/// Facades that know users by a secret and by public keys, and the signers of both.
struct Scene {
    by_secret: Stand,
    by_keys: Stand,
    secret: Signer,
    rsa: Signer,
    ec: Signer,
    ed: Signer,
}

impl Scene {
    fn set() -> Scene {
        let (rsa, ec, ed) = (Signer::rs256("r"), Signer::es256("e"), Signer::eddsa("d"));
        let file = std::env::temp_dir().join(format!("pgtoken-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, jwks(&[&rsa, &ec, &ed])).expect("the temporary folder is writable");
        let common = [
            ("PGTOKEN_JWT_ISSUER", ISSUER),
            ("PGTOKEN_JWT_AUDIENCE", "pgtoken"),
            ("PGTOKEN_JWT_ADMIN_ROLE", "token-admin"),
            ("PGTOKEN_GUESSES_PER_MINUTE", "1000000"),
        ];
        let with = |keys: (&str, &str)| Stand::with(&[&common[..], &[keys]].concat());
        let by_keys = with(("PGTOKEN_JWKS_FILE", file.to_str().expect("UTF-8")));
        // It was read when the facade started.
        std::fs::remove_file(&file).expect("it is there");
        Scene {
            by_secret: with(("PGTOKEN_JWT_SECRET", JWT_SECRET)),
            by_keys,
            secret: Signer::hs256(JWT_SECRET),
            rsa,
            ec,
            ed,
        }
    }
}

/// Claims that are good where the signature is.
fn claims() -> Value {
    json!({ "sub": "olga", "iss": ISSUER, "aud": "pgtoken", "exp": now() + 600 })
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

/// Asks with a JWT, and counts it as refused or as broken.
struct Asker<'s> {
    stand: &'s Stand,
    http: Http,
}

impl<'s> Asker<'s> {
    fn of(stand: &'s Stand) -> Asker<'s> {
        Asker {
            stand,
            http: stand.connect(),
        }
    }

    /// The status; none where not even the head could be read.
    fn status(&mut self, path: &str, jwt: &str) -> Option<u16> {
        let bearer = format!("Authorization: Bearer {jwt}");
        let answer = self.http.ask("GET", path, &[&bearer], "");
        if answer.is_err() {
            self.http = self.stand.connect();
        }
        answer.ok().map(|answer| answer.status)
    }

    fn refused(&mut self, tally: &mut Tally, why: &str, jwt: &str) {
        let status = self.status("/v1/tokens", jwt);
        let held = matches!(status, None | Some(400 | 401 | 403 | 431));
        tally.check(held, || format!("{why}: {status:?}: {jwt}"));
    }
}

/// Unsigned, signed with something public, with a key that it brings along, with claims or roles in another shape,
/// damaged in any one place.
pub fn no_jwt_is_believed_but_a_well_signed_one_with_plain_claims(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let scene = Scene::set();
    let (mut secret, mut keys) = (Asker::of(&scene.by_secret), Asker::of(&scene.by_keys));
    for signer in [&scene.rsa, &scene.ec, &scene.ed] {
        let status = keys.status("/v1/tokens", &signer.sign(&claims()));
        tally.check(status == Some(200), || format!("a good JWT: {status:?}"));
    }
    let status = secret.status("/v1/tokens", &scene.secret.sign(&claims()));
    tally.check(status == Some(200), || format!("a good JWT: {status:?}"));
    for asker in [&mut secret, &mut keys] {
        unsigned(asker, &scene, &mut tally);
        public_key_as_secret(asker, &scene, &mut tally);
        own_key(asker, &mut tally);
    }
    critical(&mut secret, &scene.secret, "HS256", &mut tally);
    critical(&mut keys, &scene.ec, "ES256", &mut tally);
    odd_claims(&mut secret, &scene.secret, &mut tally);
    odd_roles(&mut secret, &scene.secret, &mut tally);
    damaged(&mut secret, &scene.secret, effort, &mut tally);
    tally
}
