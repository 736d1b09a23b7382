//! Being somebody else: a user that was not given, a role that was not granted, a digest in place of a token.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, Acme, JWT_SECRET, Stand, outcome, row, rows};
use serde_json::{Value, json};

/// Every function that takes `as_user`, with `AS` for it and `ID` for a token of mia's.
const CALLS: [&str; 15] = [
    "issue_token('t', 'mia', 'read', 'acme', as_user => AS)",
    "rotate_token('ID', as_user => AS)",
    "revoke_token('ID', as_user => AS)",
    "revoke_tokens(user_id => 'mia', as_user => AS)",
    "update_token('ID', name => 'x', as_user => AS)",
    "grant_zones('ID', '{\"lobby\": true}', AS)",
    "get_token('ID', AS)",
    "find_token('ID', AS)",
    "list_tokens(as_user => AS)",
    "list_events(as_user => AS)",
    "list_usage('ID', as_user => AS)",
    "list_users(as_user => AS)",
    "list_workspaces(AS)",
    "list_targets('acme', AS)",
    "token_stats('acme', AS)",
];

/// What is no enabled user, however much it looks like mia.
const LOOKALIKES: [&str; 20] = [
    "null",
    "''",
    "' '",
    "'MIA'",
    "'Mia'",
    "'mia '",
    "' mia'",
    "E'mia\\n'",
    "E'mia\\t'",
    "'mіa'",
    "'ｍia'",
    "'mia\u{200b}'",
    "'\"mia\"'",
    "'mia'' or true --'",
    "'%'",
    "'m_a'",
    "'dora'",
    "'ghost'",
    "'postgres'",
    "repeat('mia', 1000)",
];

/// What comes before a call in the hope of more rights.
const TRICKS: [&str; 12] = [
    "",
    "set role pgtoken_admin",
    "set role postgres",
    "set session authorization postgres",
    "set session authorization pgtoken_admin",
    "reset role; reset session authorization",
    "set role none",
    "set pgtoken.actor = 'postgres'",
    "set local session_replication_role = replica",
    "set application_name = 'pgtoken-facade'",
    "create function pg_temp.f() returns void language plpgsql set role = 'pgtoken_admin' as 'begin end'; select pg_temp.f()",
    "do $$ begin perform set_config('role', 'pgtoken_admin', false); perform set_config('session_authorization', 'postgres', false); end $$",
];

/// Every role but an administrator's calls every function as nobody, as lookalikes, after every trick; and definer
/// functions lend only what their owner has.
pub fn nobody_acts_as_a_user_they_were_not_given(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..effort.tries(1, 5) {
        let mut acme = Acme::new();
        let id = acme.issue("'of mia', 'mia', 'full', 'acme'").id;
        let before = acme.rows("select t from pgtoken.tokens as t order by id");
        for role in [
            "pgtoken_verifier",
            "pgtoken_issuer",
            "pgtoken_directory",
            "stranger",
        ] {
            let mut client = match role {
                "stranger" => acme.db.client_as_stranger(),
                role => acme.db.client_as(role),
            };
            for call in CALLS {
                for user in LOOKALIKES {
                    let call = call.replace("ID", &id).replace("AS", user);
                    let end = outcome(&mut client, &format!("select * from pgtoken.{call}"));
                    tally.check(end == "42501", || format!("{role}: {call}: {end}"));
                }
                for trick in TRICKS {
                    let call = call.replace("ID", &id).replace("AS", "null");
                    client.batch_execute("begin").expect("begin");
                    let trick_worked = client.batch_execute(trick).is_ok();
                    let end = match trick_worked {
                        true => outcome(&mut client, &format!("select * from pgtoken.{call}")),
                        false => "42501".to_owned(),
                    };
                    client.batch_execute("rollback").expect("rollback");
                    tally.check(end == "42501", || format!("{role}: {trick}: {call}: {end}"));
                }
            }
        }
        borrowed(&mut acme, &id, &mut tally);
        tally.check(
            acme.rows("select t from pgtoken.tokens as t order by id") == before,
            || "a refused call changed something".to_owned(),
        );
        let named = acme.row("select count(*) from pgtoken.event where kind <> 'issued'");
        tally.check(named == "0", || "a refused call left an event".to_owned());
    }
    tally
}

/// Definer functions of others: whoever calls them has the rights of their owner, no more, whoever that caller is.
fn borrowed(acme: &mut Acme, id: &str, tally: &mut Tally) {
    acme.rows("grant usage, create on schema public to public");
    for owner in [
        "pgtoken_verifier",
        "pgtoken_issuer",
        "pgtoken_directory",
        "stranger",
    ] {
        let mut client = match owner {
            "stranger" => acme.db.client_as_stranger(),
            role => acme.db.client_as(role),
        };
        rows(
            &mut client,
            &format!(
                "create function public.lend_{owner}() returns void language plpgsql security definer
                 as $$ begin perform pgtoken.revoke_token('{id}', as_user => null); end $$"
            ),
        );
        let end = outcome(&mut acme.client, &format!("select public.lend_{owner}()"));
        tally.check(end == "42501", || {
            format!("a superuser calls the function of {owner}: {end}")
        });
    }
}

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
