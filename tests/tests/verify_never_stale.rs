//! Verification is never stale: what starts after authority was taken away does not find it.
use pgtoken_tests::{ACME, Database, issue, shared, wait_until};
use postgres::Client;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A question that is answered `valid` until its authority is taken away.
struct Question {
    text: String,
    scope: &'static str,
    target: Option<String>,
    /// The statement that takes it away.
    end: String,
    /// Set when that statement has returned.
    ended: AtomicBool,
}

const TOKENS: usize = 200;
const OWNERS: usize = 50;
const ZONES: usize = 50;
const VERIFICATIONS: usize = 100_000;
const CONNECTIONS: usize = 8;
const DEADLINE: Duration = Duration::from_secs(30);

/// Tokens to be revoked, tokens whose owners are to be demoted, and tokens whose only zone is to be deleted.
fn questions(db: &Database<'_>) -> Vec<Question> {
    db.execute(ACME);
    db.execute(&format!(
        "insert into pgtoken.app_user (user_id) select 'user-' || n from generate_series(1, {OWNERS}) as n;
         insert into pgtoken.member (workspace_id, user_id, scope)
         select 'acme', 'user-' || n, 'full' from generate_series(1, {OWNERS}) as n;
         insert into pgtoken.zone (target_id, zone_id) select 'windows', 'zone-' || n from generate_series(1, {ZONES}) as n"
    ));
    let mut client = db.client();
    let mut questions = Vec::new();
    let mut add = |count: usize,
                   issue: &str,
                   scope,
                   target: Option<&str>,
                   end: &dyn Fn(usize, Uuid) -> String| {
        let sql = format!(
            "select t.token, t.id from generate_series(1, {count}) as n, lateral pgtoken.issue_token({issue}) as t order by n"
        );
        for (i, row) in client.query(&sql, &[]).expect("issue").iter().enumerate() {
            questions.push(Question {
                text: row.get(0),
                scope,
                target: target.map(str::to_owned),
                end: end(i + 1, row.get(1)),
                ended: AtomicBool::new(false),
            });
        }
    };
    add(
        TOKENS,
        "'revoked ' || n, 'owner'",
        "read",
        None,
        &|_, id| format!("select from pgtoken.revoke_token('{id}')"),
    );
    add(
        OWNERS,
        "'demoted', 'user-' || n, workspace_id => 'acme', scope => 'full'",
        "full",
        None,
        &|n, _| format!("update pgtoken.member set scope = 'write' where user_id = 'user-{n}'"),
    );
    add(
        ZONES,
        "'confined', 'owner', workspace_id => 'acme', scope => 'agency',
         grants => jsonb_build_object('windows', jsonb_build_array('zone-' || n))",
        "agency",
        Some("windows"),
        &|n, _| format!("delete from pgtoken.zone where zone_id = 'zone-{n}'"),
    );
    questions
}

/// Numbers without a pattern, the same each time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Asks these questions in one call, or one after the other, and returns which of them were accepted.
fn ask(client: &mut Client, asked: &[&Question], in_bulk: bool) -> Vec<bool> {
    if in_bulk {
        let texts: Vec<&str> = asked
            .iter()
            .map(|question| question.text.as_str())
            .collect();
        let scopes: Vec<&str> = asked.iter().map(|question| question.scope).collect();
        let targets: Vec<Option<&str>> = asked
            .iter()
            .map(|question| question.target.as_deref())
            .collect();
        let sql =
            "select valid from pgtoken.verify_tokens($1, scopes => $2, targets => $3) order by n";
        let rows = client
            .query(sql, &[&texts, &scopes, &targets])
            .expect("bulk");
        return rows.iter().map(|row| row.get(0)).collect();
    }
    // Several statements in one message, each with a snapshot of its own.
    let mut sql = String::new();
    for question in asked {
        let target = question
            .target
            .as_ref()
            .map_or("null".to_owned(), |target| format!("'{target}'"));
        sql += &format!(
            "select valid from pgtoken.verify_token('{}', scope => '{}', target => {target});",
            question.text, question.scope
        );
    }
    let messages = client.simple_query(&sql).expect("single");
    messages
        .iter()
        .filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => Some(row.get(0) == Some("t")),
            _ => None,
        })
        .collect()
}

/// Verifies at random until every authority has ended and enough was asked.
fn verify(
    db: &Database<'_>,
    questions: &[Question],
    seed: u64,
    ended: &AtomicUsize,
    asked: &AtomicUsize,
) -> [usize; 2] {
    let mut client = db.client();
    let mut random = Random(seed);
    let mut seen = [0, 0];
    let start = Instant::now();
    while ended.load(Ordering::SeqCst) < questions.len()
        || asked.load(Ordering::SeqCst) < VERIFICATIONS
    {
        assert!(
            start.elapsed() < DEADLINE * 2,
            "the reductions came to a halt"
        );
        let in_bulk = random.below(4) > 0;
        let chosen: Vec<&Question> = (0..if in_bulk { 200 } else { 20 })
            .map(|_| &questions[random.below(questions.len())])
            .collect();
        let over: Vec<bool> = chosen
            .iter()
            .map(|question| question.ended.load(Ordering::SeqCst))
            .collect();
        let accepted = ask(&mut client, &chosen, in_bulk);
        assert_eq!(accepted.len(), chosen.len());
        for ((question, over), accepted) in chosen.iter().zip(over).zip(accepted) {
            assert!(
                !(over && accepted),
                "accepted after {} had returned",
                question.end
            );
            seen[usize::from(accepted)] += 1;
        }
        asked.fetch_add(chosen.len(), Ordering::SeqCst);
    }
    seen
}

/// Takes the authorities away, in an order without a pattern.
fn end_all(db: &Database<'_>, questions: &[Question], ended: &AtomicUsize, asked: &AtomicUsize) {
    let mut client = db.client();
    let mut random = Random(7);
    let mut order: Vec<usize> = (0..questions.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    for (done, i) in order.into_iter().enumerate() {
        // In step with the verifiers, so that they meet all stages, however fast either is.
        wait_until(DEADLINE, "the verifiers go on", || {
            asked.load(Ordering::SeqCst) * questions.len() >= done * VERIFICATIONS
        });
        client
            .batch_execute(&questions[i].end)
            .expect(&questions[i].end);
        questions[i].ended.store(true, Ordering::SeqCst);
        ended.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn no_verification_that_starts_after_a_reduction_has_returned_is_accepted() {
    let db = shared().database();
    let questions = questions(&db);
    let (ended, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (ended, asked) = (&ended, &asked);
    let seen: Vec<[usize; 2]> = thread::scope(|scope| {
        let (db, questions) = (&db, questions.as_slice());
        let verifiers: Vec<_> = (1..=CONNECTIONS as u64)
            .map(|seed| scope.spawn(move || verify(db, questions, seed, ended, asked)))
            .collect();
        scope.spawn(move || end_all(db, questions, ended, asked));
        verifiers
            .into_iter()
            .map(|verifier| verifier.join().expect("never stale"))
            .collect()
    });
    let (refused, accepted) = seen
        .iter()
        .fold((0, 0), |sum, [no, yes]| (sum.0 + no, sum.1 + yes));
    assert!(refused + accepted >= VERIFICATIONS);
    assert!(
        refused > VERIFICATIONS / 10 && accepted > VERIFICATIONS / 10,
        "{accepted} accepted, {refused} refused"
    );
}

#[test]
fn regrant_is_seen_whole_or_not_at_all() {
    let db = shared().database();
    db.execute(ACME);
    let token = issue(
        &mut db.client(),
        r#"'one', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main"]}'"#,
    );
    let mut zones_seen = BTreeSet::new();
    thread::scope(|scope| {
        let regranter = scope.spawn(|| {
            let mut client = db.client();
            for zone in ["ticker", "main"].repeat(150) {
                let grants = format!(r#"{{"windows": ["{zone}"]}}"#);
                client
                    .execute(
                        "select pgtoken.grant_zones($1, $2::text::jsonb)",
                        &[&token.id, &grants],
                    )
                    .expect("regrant");
            }
        });
        let mut client = db.client();
        let sql = "select distinct code, zone
            from pgtoken.verify_tokens(array_fill($1::text, array[300]), targets => array_fill('windows'::text, array[300]))";
        while !regranter.is_finished() {
            let rows = client.query(sql, &[&token.text]).expect("verify");
            assert_eq!(rows.len(), 1, "one call has one snapshot");
            assert_eq!(rows[0].get::<_, &str>(0), "valid");
            zones_seen.insert(rows[0].get::<_, String>(1));
        }
    });
    assert_eq!(zones_seen.len(), 2);
}
