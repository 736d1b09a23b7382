//! The steps of an upgrade, one after the other.
use super::versions::{Old, present, put};
use super::work;
use crate::claim::{Effort, Tally};
use crate::restore::generator::{Generated, Size, Verdicts};
use pgtoken_tests::{Cluster, checkout, error_of, row, rows};
use postgres::Client;
use std::fs;

pub fn upgrade(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let cluster = Cluster::start();
    let fresh = anatomy(&mut cluster.database().client());
    tally.add(fresh.len() as u64);
    for old in Old::all(&cluster) {
        step_by_step(&mut tally, effort, &cluster, &old, &fresh);
    }
    tally
}

/// A directory with tokens, in a database whose extension is of the old version.
pub fn directory<'a>(cluster: &'a Cluster, old: &Old, effort: Effort) -> Generated<'a> {
    old.install(cluster);
    let db = cluster.empty_database();
    db.execute("create extension pgtoken");
    let size = Size {
        seed: 41,
        users: effort.tries(15, 60),
        workspaces: effort.tries(4, 10),
        tokens: effort.tries(60, 1_000),
    };
    Generated::fill(db, size)
}

fn step_by_step(tally: &mut Tally, effort: Effort, cluster: &Cluster, old: &Old, fresh: &[String]) {
    let version = &old.version;
    let acme = directory(cluster, old, effort);
    let connect = || acme.db.client();
    let before = acme.verdicts(&mut connect());
    work::all(tally, &format!("{version} before"), 1, &mut connect());

    let mut live = connect();
    old.install_present(cluster);
    work::all(tally, &format!("{version}, files installed"), 2, &mut live);
    compare(
        tally,
        "with files installed",
        &before,
        &acme.verdicts(&mut live),
    );

    cluster.restart();
    let mut live = connect();
    let installed = row(
        &mut live,
        "select extversion from pg_extension where extname = 'pgtoken'",
    );
    tally.check(installed == *version, || {
        format!("a restart made it {installed}")
    });
    work::all(tally, &format!("{version}, restarted"), 3, &mut live);
    compare(tally, "restarted", &before, &acme.verdicts(&mut live));
    let kept = "select string_agg(md5(t::text), '' order by t.id) from pgtoken.token as t";
    let tokens = row(&mut live, kept);

    let ask = "select v.code, v.scope from unnest($1::text[]) with ordinality as t (token, n)
               cross join lateral pgtoken.verify_token(t.token, consume => false) as v order by t.n";
    let prepared = live.prepare(ask).expect("a statement");
    let texts: Vec<&str> = acme.secrets.iter().map(|secret| secret.text()).collect();
    let asked = |client: &mut Client| -> Vec<(String, Option<String>)> {
        let rows = client.query(&prepared, &[&texts]).expect("verdicts");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let asked_before = asked(&mut live);

    rows(&mut connect(), "alter extension pgtoken update");
    tally.check(asked(&mut live) == asked_before, || {
        format!("{version}: a statement prepared before the update answers otherwise after it")
    });
    tally.check(row(&mut live, kept) == tokens, || {
        format!("{version}: the update changed a token")
    });
    work::all(
        tally,
        &format!("{version} updated, old connection"),
        4,
        &mut live,
    );
    work::all(tally, &format!("{version} updated"), 5, &mut connect());
    compare(tally, "updated", &before, &acme.verdicts(&mut live));
    compare_anatomy(tally, version, fresh, &anatomy(&mut connect()));
}

pub fn failure(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let cluster = Cluster::start();
    let old = Old::invented(&cluster);
    let acme = directory(&cluster, &old, effort);
    let mut live = acme.db.client();
    let (before, verdicts) = (anatomy(&mut live), acme.verdicts(&mut live));
    old.install_present(&cluster);
    old.install_failing(&cluster, "broken");
    for n in 1..=effort.tries(1, 10) as usize {
        let failed = error_of(live.simple_query("alter extension pgtoken update to 'broken'"));
        tally.check(failed.code == "22012", || {
            format!("it fails otherwise: {failed}")
        });
        compare_anatomy(&mut tally, "after a failure", &before, &anatomy(&mut live));
        compare(
            &mut tally,
            "after a failure",
            &verdicts,
            &acme.verdicts(&mut live),
        );
        work::all(&mut tally, "after a failure", n, &mut live);
    }
    rows(&mut live, "alter extension pgtoken update");
    work::all(&mut tally, "updated after a failure", 99, &mut live);
    tally
}

/// Files installed and the extension updated, and the server not restarted: the library is the older one.
pub fn newer(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let cluster = Cluster::start();
    let next = fs::read_to_string(checkout().join("tests/upgrade/pgtoken--current--next.sql"));
    let next = next.expect("the fixture is there");
    let crowd: String = (0..12)
        .map(|n| format!("alter type pgtoken.verdict add attribute more{n} text;\n"))
        .collect();
    put(
        &cluster,
        &format!("pgtoken--{}--next.sql", present()),
        &next,
    );
    put(&cluster, "pgtoken--next--crowded.sql", &crowd);

    let size = Size {
        seed: 43,
        users: 15,
        workspaces: 4,
        tokens: effort.tries(60, 1_000),
    };
    let acme = Generated::fill(cluster.database(), size);
    let mut live = acme.db.client();
    let before = acme.verdicts(&mut live);
    work::all(&mut tally, "before", 1, &mut live);
    rows(
        &mut acme.db.client(),
        "alter extension pgtoken update to 'next'",
    );
    for (step, client) in [
        ("old connection", &mut live),
        ("new connection", &mut acme.db.client()),
    ] {
        compare(&mut tally, step, &before, &acme.verdicts(client));
    }
    work::all(&mut tally, "newer SQL, old connection", 2, &mut live);
    work::all(&mut tally, "newer SQL", 3, &mut acme.db.client());
    let note = "select v.note is null, t.note, i.note from pgtoken.verify_token('x') as v,
                pgtoken.issue_token('n', 's3', 'read', 's3') as i, pgtoken.get_token(i.id) as t";
    let note = row(&mut live, note);
    tally.check(note == "t|new|new", || {
        format!("the new columns are {note}")
    });

    // What it cannot do it refuses, and says what helps.
    rows(&mut live, "alter extension pgtoken update to 'crowded'");
    refused(
        &mut tally,
        &mut live,
        "select pgtoken.verify_token('x')",
        "restart the server",
    );
    rows(
        &mut live,
        "alter table pgtoken.scope rename column rank to place",
    );
    rows(&mut live, "select pgtoken_internal.preloaded()");
    let issue = "select pgtoken.issue_token('n', 's3', 'read', 's3')";
    refused(
        &mut tally,
        &mut live,
        issue,
        "alter extension pgtoken update",
    );
    tally
}

/// Refused with 55000 and a hint, the connection goes on.
fn refused(tally: &mut Tally, client: &mut Client, statement: &str, hint: &str) {
    let error = error_of(client.simple_query(statement));
    let hinted = error
        .hint
        .as_deref()
        .is_some_and(|said| said.contains(hint));
    tally.check(error.code == "55000" && hinted, || {
        format!("{statement}: {error}")
    });
}

fn compare(tally: &mut Tally, step: &str, before: &Verdicts, after: &Verdicts) {
    for (question, verdict) in before {
        let answer = after.get(question);
        tally.check(answer == Some(verdict), || {
            format!("{step}: {question}: {verdict:?} became {answer:?}")
        });
    }
}

fn compare_anatomy(tally: &mut Tally, step: &str, expected: &[String], found: &[String]) {
    for line in expected {
        tally.check(found.contains(line), || format!("{step}: lacks {line}"));
    }
    for line in found {
        tally.check(expected.contains(line), || {
            format!("{step}: should not have {line}")
        });
    }
}

fn anatomy(client: &mut Client) -> Vec<String> {
    rows(client, include_str!("anatomy.sql"))
}
