//! A random mixture of questions gets the same answers in bulk, singly, by text and by digest.
use pgtoken_tests::{ACME, Database, Token, import, issue, shared};
use postgres::Client;
use serde_json::Value;
use std::collections::BTreeSet;

type Column = Vec<Option<&'static str>>;

/// Questions by column; the tokens first.
struct Questions {
    tokens: Vec<Option<String>>,
    columns: [Column; 6],
}

/// Tokens in every state, and texts that are none.
fn texts(db: &Database<'_>, client: &mut Client) -> Vec<Option<String>> {
    db.execute(ACME);
    db.execute(
        "insert into pgtoken.app_user (user_id) values ('away'), ('leaver');
         insert into pgtoken.member (workspace_id, user_id, scope) values ('acme', 'leaver', 'read')",
    );
    let mut tokens: Vec<Token> = [
        "'full', 'owner', scope => 'full', workspace_id => 'acme', permissions => '{upload,publish}'",
        "'read', 'reader', workspace_id => 'acme'",
        "'free', 'owner', scope => null, permissions => '{upload}'",
        "'near', 'owner', scope => 'write', workspace_id => 'acme', allowed_addrs => '{10.0.0.0/8}'",
        r#"'some', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main", "ticker"], "lobby": ["wall"]}'"#,
        r#"'whole', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": true}', auto_publish => true, permissions => '{publish}'"#,
        "'away', 'away'",
        "'left', 'leaver', workspace_id => 'acme'",
        "'spent', 'owner', rate_limit => 1, rate_window => '31 days'",
        "'off', 'owner'",
        "'gone', 'owner'",
    ]
    .map(|arguments| issue(client, arguments))
    .into();
    tokens.push(import(
        client,
        "st_old",
        "'owner', 'old', workspace_id => 'acme', metadata => '{\"old\": true}'",
    ));
    tokens.push(import(
        client,
        "st_late",
        "'owner', 'late', expires_at => now()",
    ));
    db.execute(&format!(
        "update pgtoken.app_user set disabled_at = now() where user_id = 'away';
         delete from pgtoken.member where user_id = 'leaver';
         select pgtoken.verify_token('{}');
         select pgtoken.update_token('{}', enabled => false);
         select pgtoken.revoke_token('{}')",
        tokens[8].text, tokens[9].id, tokens[10].id
    ));
    let mut texts: Vec<_> = tokens.into_iter().map(|token| Some(token.text)).collect();
    let mut damaged = texts[0].clone().expect("a text");
    damaged.replace_range(10..11, if &damaged[10..11] == "x" { "y" } else { "x" });
    texts.extend([
        Some(damaged),
        Some(String::new()),
        Some("junk".to_owned()),
        None,
    ]);
    texts
}

const SCOPES: &[Option<&str>] = &[
    None,
    None,
    None,
    Some("read"),
    Some("write"),
    Some("agency"),
    Some("agency"),
    Some(""),
    Some("nil"),
];

const PERMISSIONS: &[Option<&str>] = &[
    None,
    None,
    None,
    Some("upload"),
    Some("upload publish"),
    Some("publish upload"),
    Some(""),
    Some(" "),
    Some("upload "),
    Some("upload  publish"),
    Some("nil"),
];

const WORKSPACES: &[Option<&str>] = &[
    None,
    None,
    Some("acme"),
    Some("acme"),
    Some("other"),
    Some(""),
];

const TARGETS: &[Option<&str>] = &[
    None,
    None,
    Some("windows"),
    Some("windows"),
    Some("lobby"),
    Some("elsewhere"),
    Some(""),
];

const ZONES: &[Option<&str>] = &[None, None, None, Some("main"), Some("wall"), Some("")];

const ADDRS: &[Option<&str>] = &[
    None,
    Some("10.0.0.1"),
    Some("10.0.0.1"),
    Some("11.0.0.1"),
    Some("::1"),
];

/// A random mixture of `count` questions, the same each time (a linear congruential generator of Knuth's).
fn mixture(texts: &[Option<String>], count: usize) -> Questions {
    let mut state = 2026_u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let pools = [SCOPES, PERMISSIONS, WORKSPACES, TARGETS, ZONES, ADDRS];
    let mut questions = Questions {
        tokens: Vec::new(),
        columns: Default::default(),
    };
    for _ in 0..count {
        questions.tokens.push(texts[below(texts.len())].clone());
        for (column, pool) in questions.columns.iter_mut().zip(pools) {
            column.push(pool[below(pool.len())]);
        }
    }
    questions
}

const ARRAYS: &str =
    "$1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]::inet[]";

/// Runs a query that takes the arrays of questions and returns rows as JSON.
#[track_caller]
fn ask(client: &mut Client, questions: &Questions, sql: &str) -> Vec<Value> {
    let [scopes, permissions, workspaces, targets, zones, addrs] = &questions.columns;
    let rows = client
        .query(
            sql,
            &[
                &questions.tokens,
                scopes,
                permissions,
                workspaces,
                targets,
                zones,
                addrs,
            ],
        )
        .expect("query");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The answers of single calls, each in a call of its own, as rows with `n`.
fn singly(client: &mut Client, questions: &Questions, function: &str, token: &str) -> Vec<Value> {
    let sql = format!(
        "select jsonb_build_object('n', q.n) || to_jsonb(v)
         from rows from (unnest({ARRAYS})) with ordinality
             as q (token, scope, permissions, workspace_id, target, zone, client_addr, n),
         lateral pgtoken.{function}(
             {token}, q.scope,
             case q.permissions when '' then array[''] else string_to_array(q.permissions, ' ') end,
             q.workspace_id, q.target, q.zone, q.client_addr, consume => false
         ) as v
         order by q.n"
    );
    ask(client, questions, &sql)
}

const DIGEST: &str = "sha256(convert_to(q.token, 'UTF8'))";

#[test]
fn bulk_answers_equal_single_answers_on_a_random_mixture() {
    let db = shared().database();
    let mut client = db.client();
    let texts = texts(&db, &mut client);
    let questions = mixture(&texts, 3000);

    let single = singly(&mut client, &questions, "verify_token", "q.token");
    let sql =
        format!("select to_jsonb(v) from pgtoken.verify_tokens({ARRAYS}, consume => false) as v");
    let bulk = ask(&mut client, &questions, &sql);
    assert_eq!(bulk.len(), 3000);
    for (i, (bulk, single)) in bulk.iter().zip(&single).enumerate() {
        assert_eq!(
            bulk,
            single,
            "{:?}",
            questions.columns.each_ref().map(|column| column[i])
        );
    }
    let codes: BTreeSet<&str> = bulk.iter().filter_map(|row| row["code"].as_str()).collect();
    assert_eq!(
        codes.len(),
        16,
        "the mixture reaches all codes but workspace_disabled: {codes:?}"
    );
}

#[test]
fn digest_answers_equal_text_answers_on_a_random_mixture() {
    let db = shared().database();
    let mut client = db.client();
    let texts = texts(&db, &mut client);
    let questions = mixture(&texts, 1000);

    let by_text = singly(&mut client, &questions, "verify_token", "q.token");
    let by_digest = singly(&mut client, &questions, "verify_digest", DIGEST);
    for (by_text, by_digest) in by_text.iter().zip(&by_digest) {
        // A wrong checksum does not show in a digest.
        if by_text["code"] == "malformed" && by_digest["code"] == "not_found" {
            continue;
        }
        assert_eq!(by_text, by_digest);
    }
    let arrays = ARRAYS.replacen(
        "$1::text[]",
        "array(select sha256(convert_to(token, 'UTF8')) from unnest($1::text[]) with ordinality as t (token, n) order by n)",
        1,
    );
    let sql =
        format!("select to_jsonb(v) from pgtoken.verify_digests({arrays}, consume => false) as v");
    assert_eq!(ask(&mut client, &questions, &sql), by_digest);
}
