//! (h) Unbounded tokens per user: `pgtoken.max_tokens_per_user` is a cap.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{Acme, Http, JWT_SECRET, Session, Stand, outcome, rows};
use serde_json::json;

const CAP: usize = 3;
const RACERS: usize = 8;
const LEVELS: [&str; 3] = ["read committed", "repeatable read", "serializable"];

const LIVE: &str = "
    select count(*) from pgtoken.tokens
    where user_id = 'olga' and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())";

/// Racing issuers and rotators over SQL in every isolation level and over HTTP; the count is never above the cap.
pub fn no_user_gets_more_live_tokens_than_the_cap(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = capped();
    let racers: Vec<Session> = (0..RACERS).map(|_| Session::open(&stand.acme.db)).collect();
    for round in 0..effort.tries(1, 60) {
        for level in LEVELS {
            race_over_sql(&mut stand.acme, &racers, level, &mut tally);
        }
        race_over_http(&mut stand, round, &mut tally);
    }
    other_ways(&mut stand.acme, &mut tally);
    tally
}

/// With the cap set as an operator sets it: for the database.
fn capped() -> Stand {
    let acme = Acme::new();
    let name = acme.db.name().to_owned();
    acme.db.execute(&format!(
        "alter database {name} set pgtoken.max_tokens_per_user = {CAP}"
    ));
    let facade = Stand::facade_of(&acme, &[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let client = acme.db.client();
    Stand {
        acme: Acme {
            client,
            db: acme.db,
        },
        facade,
    }
}

/// The racers begin, and look at something, so that their snapshots are older than what the others commit.
fn race_over_sql(acme: &mut Acme, racers: &[Session], level: &str, tally: &mut Tally) {
    acme.rows("select pgtoken.revoke_tokens(user_id => 'olga')");
    let old = acme.issue("'old', 'olga', 'read', 'acme'").id;
    for racer in racers {
        racer.rows(&format!(
            "begin isolation level {level}; select count(*) from pgtoken.token"
        ));
    }
    for (n, racer) in racers.iter().enumerate() {
        racer.start(&match n % 4 {
            3 => format!("select pgtoken.rotate_token('{old}', overlap => '1 hour', as_user => 'olga'); commit"),
            _ => "select pgtoken.issue_token('t', 'olga', 'read', 'acme', as_user => 'olga'); commit".to_owned(),
        });
    }
    let mut issued = 0;
    for racer in racers {
        match racer.finish() {
            Ok(_) => issued += 1,
            Err(error) => {
                let known = ["22023", "40001", "55000"].contains(&error.code.as_str());
                tally.check(known, || format!("{level}: {error}: {:?}", error.detail));
                racer.rows("rollback");
            }
        }
    }
    let live: usize = acme.row(LIVE).parse().expect("a number");
    tally.check(live <= CAP, || {
        format!("{level}: {live} live tokens, {issued} issued at once")
    });
    // In read committed nobody need lose to anybody but the cap.
    tally.check(issued > 0 && (level != LEVELS[0] || live == CAP), || {
        format!("{level}: only {live} live tokens")
    });
}

fn race_over_http(stand: &mut Stand, round: u64, tally: &mut Tally) {
    stand
        .acme
        .rows("select pgtoken.revoke_tokens(user_id => 'olga')");
    let jwt = Signer::hs256(JWT_SECRET).user("olga");
    let mut racers: Vec<Http> = (0..RACERS).map(|_| stand.connect()).collect();
    for (n, racer) in racers.iter_mut().enumerate() {
        let body = json!({"name": format!("{round}-{n}"), "workspace_id": "acme"}).to_string();
        let length = body.len();
        racer
            .send(&format!(
                "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {jwt}\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            ))
            .expect("sent");
    }
    let statuses: Vec<u16> = racers
        .iter_mut()
        .map(|racer| racer.receive().expect("an answer").status)
        .collect();
    let issued = statuses.iter().filter(|status| **status == 201).count();
    let refused = statuses.iter().filter(|status| **status == 422).count();
    tally.check((issued, refused) == (CAP, RACERS - CAP), || {
        format!("{statuses:?}")
    });
    let live: usize = stand.acme.row(LIVE).parse().expect("a number");
    tally.check(live == CAP, || format!("{live} live tokens over HTTP"));
}

/// At the cap: what would add a token is refused, what replaces one is not, and what an administrator brings along
/// counts against the next.
fn other_ways(acme: &mut Acme, tally: &mut Tally) {
    acme.rows("select pgtoken.revoke_tokens(user_id => 'olga')");
    let ids: Vec<String> = (0..CAP)
        .map(|_| acme.issue("'t', 'olga', 'read', 'acme'").id)
        .collect();
    let issue = "select pgtoken.issue_token('t', 'olga', 'read', 'acme')";
    for (what, sql, end) in [
        ("one more", issue.to_owned(), "22023"),
        (
            "without a workspace",
            "select pgtoken.issue_token('t', 'olga')".to_owned(),
            "22023",
        ),
        (
            "for an hour",
            "select pgtoken.issue_token('t', 'olga', 'read', 'acme', ttl => '1 h')".to_owned(),
            "22023",
        ),
        (
            "rotation with an overlap",
            format!(
                "select pgtoken.rotate_token('{}', overlap => '1 h')",
                ids[0]
            ),
            "22023",
        ),
        (
            "rotation",
            format!("select pgtoken.rotate_token('{}')", ids[0]),
            "ok",
        ),
        (
            "a revoked one revives",
            format!("select pgtoken.update_token('{}', enabled => true)", ids[0]),
            "55000",
        ),
        (
            "switching off frees no place",
            format!(
                "select pgtoken.update_token('{}', enabled => false); {issue}",
                ids[1]
            ),
            "22023",
        ),
        (
            "an import is the administrator's own matter",
            "select pgtoken.import_token(sha256('old'), 'olga', 'old', workspace_id => 'acme')"
                .to_owned(),
            "ok",
        ),
        (
            "and counts",
            format!("select pgtoken.revoke_token('{}'); {issue}", ids[2]),
            "22023",
        ),
    ] {
        let got = acme.outcome(&sql);
        tally.check(got == end, || format!("{what}: {got}, not {end}"));
    }
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    let lifted = outcome(&mut issuer, "set pgtoken.max_tokens_per_user = 0");
    tally.check(lifted == "42501", || {
        format!("an issuer lifts the cap: {lifted}")
    });
    let mut admin = acme.db.client_as("pgtoken_admin");
    let lifted = outcome(&mut admin, "set pgtoken.max_tokens_per_user = 0");
    tally.check(lifted == "42501", || {
        format!("an administrator lifts the cap: {lifted}")
    });
    rows(
        &mut acme.client,
        "set pgtoken.max_tokens_per_user = 0; select pgtoken.issue_token('t', 'olga')",
    );
}
