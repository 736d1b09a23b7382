//! JWT confusion: what a careless reader would take for a user's or an administrator's JWT.
use crate::claim::{Effort, Tally};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pgtoken_tests::jwt::{Signer, base64url, jwks, now};
use pgtoken_tests::{Dice, Http, JWT_SECRET, Stand};
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::{BigUint, RsaPublicKey};
use serde_json::{Value, json};
use std::net::TcpListener;

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

fn unsigned(asker: &mut Asker<'_>, scene: &Scene, tally: &mut Tally) {
    let payload = base64url(claims().to_string());
    let good = scene.secret.sign(&claims());
    let signature = good.rsplit('.').next().expect("three parts");
    for alg in [
        r#""none""#,
        r#""None""#,
        r#""NONE""#,
        r#""nOnE""#,
        r#""""#,
        "null",
        "[]",
        r#"["HS256"]"#,
        r#"["none"]"#,
        "0",
        r#""HS256 ""#,
        r#""hs256""#,
        r#""none","alg":"HS256""#,
        r#""HS256","alg":"none""#,
        r#""A128KW""#,
        r#""dir""#,
    ] {
        for rest in ["", r#","typ":"JWT""#, r#","kid":"r""#] {
            let header = base64url(format!(r#"{{"alg":{alg}{rest}}}"#));
            for signature in ["", signature, "AAAA", "e30"] {
                asker.refused(tally, alg, &format!("{header}.{payload}.{signature}"));
            }
        }
    }
    for header in ["{}", r#"{"typ":"JWT"}"#] {
        let header = base64url(header);
        asker.refused(tally, "no alg", &format!("{header}.{payload}."));
        asker.refused(tally, "no alg", &format!("{header}.{payload}.{signature}"));
    }
}

/// HS256 with every form in which the public RSA key is known to the world.
fn public_key_as_secret(asker: &mut Asker<'_>, scene: &Scene, tally: &mut Tally) {
    let jwk = scene.rsa.jwk();
    let number = |name: &str| {
        let text = jwk[name].as_str().expect("a number");
        BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(text).expect("base64"))
    };
    let public = RsaPublicKey::new(number("n"), number("e")).expect("a key");
    let pem = public.to_public_key_pem(LineEnding::LF).expect("PEM");
    let der = public.to_public_key_der().expect("DER");
    let secrets = [
        pem.clone(),
        pem.trim_end().to_owned(),
        pem.replace('\n', "\r\n"),
        pem.lines().filter(|line| !line.starts_with('-')).collect(),
        base64url(der.as_bytes()),
        jwk.to_string(),
        jwk["n"].as_str().expect("a modulus").to_owned(),
        jwks(&[&scene.rsa]),
        scene.ec.jwk()["x"].as_str().expect("a point").to_owned(),
        "r".to_owned(),
        String::new(),
        "\0".repeat(32),
    ];
    for secret in secrets {
        let signer = Signer::hs256(&secret);
        for kid in ["", r#","kid":"r""#, r#","kid":"e""#, r#","kid":null"#] {
            let jwt =
                signer.sign_text(&format!(r#"{{"alg":"HS256"{kid}}}"#), &claims().to_string());
            asker.refused(tally, "a public key as secret", &jwt);
        }
        for alg in ["RS256", "ES256", "EdDSA", "PS256", "HS384", "HS512"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"r"}}"#);
            let jwt = signer.sign_text(&header, &claims().to_string());
            asker.refused(tally, "another alg than it was signed with", &jwt);
        }
    }
}

/// A key of the attacker's own, which the header brings along, names, or points to.
fn own_key(asker: &mut Asker<'_>, tally: &mut Tally) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}/jwks.json", listener.local_addr().expect("bound"));
    let own = [
        Signer::es256("e"),
        Signer::rs256("r"),
        Signer::eddsa("d"),
        Signer::hs256("x"),
    ];
    for (signer, alg) in own.iter().zip(["ES256", "RS256", "EdDSA", "HS256"]) {
        let jwk = signer.jwk();
        for rest in [
            json!({}),
            json!({ "jwk": jwk }),
            json!({ "jku": url }),
            json!({ "x5u": url }),
            json!({ "jku": url, "jwk": jwk, "kid": "e" }),
            json!({ "x5c": [base64url("certificate")] }),
            json!({ "kid": "../../../../../../dev/null" }),
            json!({ "kid": "/proc/self/environ" }),
            json!({ "kid": "r' or '1'='1" }),
            json!({ "kid": "e\u{0}" }),
            json!({ "kid": url }),
            json!({ "kid": "" }),
            json!({ "kid": ["e"] }),
            json!({ "kid": { "e": 1 } }),
            json!({ "kid": 0 }),
            json!({ "kid": "r" }),
            json!({ "kid": "e" }),
            json!({ "kid": "d" }),
        ] {
            let mut header = rest.clone();
            header["alg"] = json!(alg);
            let jwt = signer.sign_text(&header.to_string(), &claims().to_string());
            asker.refused(tally, &format!("own {alg} key, {rest}"), &jwt);
        }
    }
    let fetched = listener.accept().is_ok();
    tally.check(!fetched, || {
        "the facade fetched what a JWT pointed to".to_owned()
    });
}

/// Well signed, and it says that what the facade does not understand must be understood.
fn critical(asker: &mut Asker<'_>, signer: &Signer, alg: &str, tally: &mut Tally) {
    let kid = if alg == "ES256" { r#","kid":"e""# } else { "" };
    for more in [
        r#","crit":["exp"],"exp":1"#,
        r#","crit":["b64"],"b64":false"#,
        r#","crit":["b64"],"b64":true"#,
        r#","crit":["https://example.com/mfa"],"https://example.com/mfa":true"#,
        r#","crit":[]"#,
        r#","crit":"exp""#,
        r#","crit":[1]"#,
    ] {
        let jwt = signer.sign_text(
            &format!(r#"{{"alg":"{alg}"{kid}{more}}}"#),
            &claims().to_string(),
        );
        asker.refused(tally, more, &jwt);
    }
}

/// Well signed, and not for this service, not now, or not for a user.
fn odd_claims(asker: &mut Asker<'_>, signer: &Signer, tally: &mut Tally) {
    for (claim, values) in [
        (
            "exp",
            vec![
                json!(0),
                json!(-1),
                json!(now() - 60),
                json!("9999999999"),
                json!([now() + 60]),
                json!({}),
                Value::Null,
                json!(true),
                json!(1e300),
            ],
        ),
        (
            "nbf",
            vec![
                json!(now() + 60),
                json!("0"),
                json!([0]),
                json!({}),
                json!(1e300),
            ],
        ),
        (
            "iss",
            vec![
                json!(""),
                json!("https://login.example.com"),
                json!("https://login.example.com/ "),
                json!("HTTPS://LOGIN.EXAMPLE.COM/"),
                json!({}),
                json!(0),
                json!([]),
                json!(["https://evil.example.com/"]),
            ],
        ),
        (
            "aud",
            vec![
                json!(""),
                json!("PGTOKEN"),
                json!("pgtoken "),
                json!("pgtoken,other"),
                json!([]),
                json!([["pgtoken"]]),
                json!({ "pgtoken": true }),
                json!(0),
                json!(["other"]),
            ],
        ),
        (
            "sub",
            vec![
                json!(""),
                json!(" "),
                json!("olga "),
                json!(" olga"),
                json!("OLGA"),
                json!("olga\u{0}"),
                json!("olga\n"),
                json!(["olga"]),
                json!({ "olga": 1 }),
                json!(7),
                json!(true),
                json!("ｏｌｇａ"),
                json!("dora"),
                json!("' or true --"),
                json!("x".repeat(9000)),
            ],
        ),
    ] {
        for value in values {
            asker.refused(
                tally,
                &format!("{claim} {value}"),
                &signer.sign(&with(claim, value)),
            );
        }
        let mut without = claims();
        if claim != "nbf" {
            without.as_object_mut().expect("an object").remove(claim);
            asker.refused(tally, &format!("without {claim}"), &signer.sign(&without));
        }
    }
    for text in [
        "",
        "null",
        "[]",
        "\"olga\"",
        "{}",
        "{\"sub\":\"olga\"",
        "{\"sub\":\"olga\"}x",
    ] {
        asker.refused(tally, text, &signer.sign_text(r#"{"alg":"HS256"}"#, text));
    }
    let twice = format!(
        r#"{{"exp":1,"sub":"olga","iss":"{ISSUER}","aud":"pgtoken","exp":{}}}"#,
        now() + 60
    );
    asker.refused(
        tally,
        "exp twice",
        &signer.sign_text(r#"{"alg":"HS256"}"#, &twice),
    );
}

/// Well signed, of a user, with something that only looks like the administrators' role.
fn odd_roles(asker: &mut Asker<'_>, signer: &Signer, tally: &mut Tally) {
    let administrator = asker.status(
        "/v1/verdicts",
        &signer.sign(&with("role", json!("token-admin"))),
    );
    tally.check(administrator == Some(200), || {
        format!("an administrator: {administrator:?}")
    });
    for role in [
        json!("token-admin "),
        json!(" token-admin"),
        json!("TOKEN-ADMIN"),
        json!("token-admin\u{0}"),
        json!("token-admin,user"),
        json!("user token-admin"),
        json!("[\"token-admin\"]"),
        json!({ "token-admin": true }),
        json!({ "name": "token-admin" }),
        json!([["token-admin"]]),
        json!([{ "token-admin": 1 }]),
        json!(["token-admin "]),
        json!(["user", "Token-Admin"]),
        json!(true),
        json!(1),
        json!("*"),
        json!(""),
        json!([]),
        Value::Null,
        json!("token-administrator"),
        json!("token"),
    ] {
        for claim in ["role", "roles", "Role", "scope", "admin"] {
            let status = asker.status("/v1/verdicts", &signer.sign(&with(claim, role.clone())));
            tally.check(status == Some(403), || {
                format!("{claim} {role}: {status:?}")
            });
        }
    }
}

/// One character of a good JWT is another, is there twice, or is missing.
fn damaged(asker: &mut Asker<'_>, signer: &Signer, effort: Effort, tally: &mut Tally) {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/";
    let mut dice = Dice::seeded(now() as u64);
    let good = signer.sign(&claims());
    for _ in 0..effort.tries(400, 100_000) {
        let mut bytes = good.clone().into_bytes();
        let place = dice.roll(bytes.len() as u64) as usize;
        let other = ALPHABET[dice.roll(ALPHABET.len() as u64) as usize];
        match dice.roll(4) {
            0 => bytes.insert(place, other),
            1 => drop(bytes.remove(place)),
            2 => bytes.swap(place, 20),
            _ => bytes[place] = other,
        }
        let jwt = String::from_utf8(bytes).expect("ASCII");
        if jwt != good {
            asker.refused(tally, "damaged", &jwt);
        }
    }
    let signature = good.rsplit('.').next().expect("three parts");
    for torn in [
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(".{good}"),
        format!("{good}="),
        format!("{good}=="),
        good.replace('.', ".."),
        good.replace(signature, ""),
        good[..good.len() - 1].to_owned(),
        format!("{good} x"),
        format!("{good}.e30.e30"),
        "eyJ..".to_owned(),
        "eyJ.eyJ.eyJ".to_owned(),
        format!("eyJ{}.a.b", "A".repeat(15_000)),
    ] {
        asker.refused(tally, "torn", &torn);
    }
}
