//! The digest in place of the token.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, Acme, JWT_SECRET, Stand, outcome, row};
use serde_json::{Value, json};

/// The SHA-256 of a token, in every way it could be written down, in every place where a token goes: it opens
/// nothing. Who may ask about a digest at all is a verifier or an administrator.
pub fn a_digest_opens_nothing(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = Stand::with(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_GUESSES_PER_MINUTE", "1000000"),
    ]);
    for _ in 0..effort.tries(2, 100) {
        let token = stand.acme.issue("'t', 'olga', 'write', 'acme'");
        let written = stand.acme.row(&format!(
            "select encode(d, 'hex'), upper(encode(d, 'hex')), '\\x' || encode(d, 'hex'), encode(d, 'base64'),
                    rtrim(translate(encode(d, 'base64'), '+/', '-_'), '='), 'sha256:' || encode(d, 'hex'),
                    'pgt_' || encode(d, 'hex'), encode(sha256(d), 'hex')
             from sha256('{}') as d",
            token.text
        ));
        for text in written.split('|') {
            over_sql(&mut stand.acme, text, &mut tally);
            over_http(&stand, text, &mut tally);
        }
        let digest = written.split('|').next().expect("hexadecimal");
        who_may_ask(&mut stand, &token.text, digest, &mut tally);
    }
    tally
}

fn over_sql(acme: &mut Acme, text: &str, tally: &mut Tally) {
    for (call, held) in [
        ("select valid from pgtoken.verify_token('T')", "f"),
        (
            "select bool_or(valid) from pgtoken.verify_tokens(array['T'])",
            "f",
        ),
        (
            "select valid from pgtoken.verify_digest(sha256(convert_to('T', 'UTF8')))",
            "f",
        ),
        (
            "select valid from pgtoken.verify_digest(convert_to('T', 'UTF8'))",
            "f",
        ),
        ("select count(*) from pgtoken.inspect_token('T')", "0"),
        ("select count(*) from pgtoken.revoke_secret('T')", "0"),
    ] {
        let got = row(&mut acme.client, &call.replace("'T'", &format!("'{text}'")));
        tally.check(got == held, || format!("{call} of {text}: {got}"));
    }
    let required = acme.outcome(&format!("select pgtoken.require_token('{text}')"));
    tally.check(required == "28000", || {
        format!("require_token of {text}: {required}")
    });
}

fn over_http(stand: &Stand, text: &str, tally: &mut Tally) {
    let (bearer, key) = (
        format!("Authorization: Bearer {text}"),
        format!("X-API-Key: {text}"),
    );
    for credential in [&bearer, &key] {
        for path in [
            "/v1/token",
            "/v1/forward-auth",
            "/v1/forward-auth?scope=read",
            "/v1/tokens",
            "/v1/session",
            "/v1/verdicts",
        ] {
            let answer = stand.ask("GET", path, &[credential], "");
            tally.check(answer.status == 401, || {
                format!("{path} {text}: {answer:?}")
            });
        }
    }
    let asked = stand.verify(&json!({ "token": text }));
    tally.check(!asked.body.contains("\"valid\":true"), || {
        asked.body.clone()
    });
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let active = stand.form("/v1/introspect", &format!("token={encoded}"));
    tally.check(active.body == "{\"active\":false}", || active.body.clone());
    stand.form("/v1/revocation", &format!("token={encoded}"));
}

/// The right one is asked about by each role and each caller: the token is alive, so that only rights decide.
fn who_may_ask(stand: &mut Stand, token: &str, digest: &str, tally: &mut Tally) {
    for role in [
        "pgtoken_verifier",
        "pgtoken_issuer",
        "pgtoken_directory",
        "pgtoken_auditor",
        "pgtoken_admin",
    ] {
        let mut client = stand.acme.db.client_as(role);
        for call in [
            format!("verify_digest('\\x{digest}')"),
            format!("verify_digests(array['\\x{digest}'::bytea])"),
        ] {
            let end = outcome(&mut client, &format!("select * from pgtoken.{call}"));
            let due = if ["pgtoken_verifier", "pgtoken_admin"].contains(&role) {
                "ok"
            } else {
                "42501"
            };
            tally.check(end == due, || format!("{role}: {call}: {end}"));
        }
    }
    let user = Signer::hs256(JWT_SECRET).user("olga");
    let question = json!({ "digest": digest });
    for (caller, status) in [
        (token, 403),
        (&*user, 403),
        ("guess", 401),
        (ADMIN_SECRET, 200),
    ] {
        let answer = stand.bearer(caller, "POST", "/v1/verify", question.clone());
        tally.check(answer.status == status, || {
            format!("{status} for {caller}: {answer:?}")
        });
    }
    let nobody = stand.json("POST", "/v1/verify", &[], question);
    tally.check(nobody.status == 401, || format!("{nobody:?}"));
    let alive = stand.bearer(token, "GET", "/v1/token", Value::Null);
    tally.check(alive.status == 200, || {
        "a digest ended the token".to_owned()
    });
}
