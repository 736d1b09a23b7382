//! Well signed, and not what the claims should be; or no longer well signed.
use super::{Asker, ISSUER, claims, with};
use crate::claim::{Effort, Tally};
use pgtoken_tests::Dice;
use pgtoken_tests::jwt::{Signer, now};
use serde_json::{Value, json};

/// Well signed, and it says that what the facade does not understand must be understood.
pub(super) fn critical(asker: &mut Asker<'_>, signer: &Signer, alg: &str, tally: &mut Tally) {
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
pub(super) fn odd_claims(asker: &mut Asker<'_>, signer: &Signer, tally: &mut Tally) {
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
pub(super) fn odd_roles(asker: &mut Asker<'_>, signer: &Signer, tally: &mut Tally) {
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
pub(super) fn damaged(asker: &mut Asker<'_>, signer: &Signer, effort: Effort, tally: &mut Tally) {
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
