//! No key, a public one, or one of the attacker's own.
use super::{Asker, Scene, claims};
use crate::claim::Tally;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pgtoken_tests::jwt::{Signer, base64url, jwks};
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::{BigUint, RsaPublicKey};
use serde_json::json;
use std::net::TcpListener;

pub(super) fn unsigned(asker: &mut Asker<'_>, scene: &Scene, tally: &mut Tally) {
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
pub(super) fn public_key_as_secret(asker: &mut Asker<'_>, scene: &Scene, tally: &mut Tally) {
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
pub(super) fn own_key(asker: &mut Asker<'_>, tally: &mut Tally) {
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
