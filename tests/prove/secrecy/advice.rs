//! What README says of the server's log, done by a client in SQL.
use super::secret::Secrets;
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Acme, Cluster, Issued};
use postgres::Client;

/// A client, a statement that shows a token, and whether the token is then in the log.
type Way = (&'static str, fn(&mut Client, &Issued), bool);

const WAYS: &[Way] = &[
    ("loud", literal, true),
    ("loud", bound, true),
    ("loud", digest, false),
    ("quiet", bound, false),
    ("quiet", bound_and_refused, false),
    ("quiet", digest, false),
    // What is part of the statement is not a parameter.
    ("quiet", literal, true),
];

fn literal(client: &mut Client, token: &Issued) {
    let sql = format!("select code from pgtoken.verify_token('{}')", token.text);
    client.query_one(&sql, &[]).expect("a verdict");
}

fn bound(client: &mut Client, token: &Issued) {
    let sql = "select code from pgtoken.verify_token($1)";
    client.query_one(sql, &[&token.text]).expect("a verdict");
}

fn bound_and_refused(client: &mut Client, token: &Issued) {
    let sql = "select code from pgtoken.require_token($1, scope => 'full')";
    client
        .query_one(sql, &[&token.text])
        .expect_err("it only reads");
}

fn digest(client: &mut Client, token: &Issued) {
    let digest = pgtoken_format::digest(token.text.as_bytes());
    for sql in [
        "select code from pgtoken.verify_digest($1)",
        "select code from pgtoken.verify_digests(array[$1::bytea])",
        "select state from pgtoken.inspect_digest($1)",
        "select state from pgtoken.find_token(encode($1, 'hex'), 'olga')",
        "select state from pgtoken.revoke_digest($1)",
    ] {
        client.query_one(sql, &[&digest.as_slice()]).expect("a row");
    }
}

/// The experiment.
pub fn followed(_: Effort) -> Tally {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::settings().telltale().start()));
    let mut acme = Acme::on(cluster);
    let mut tally = Tally::default();
    acme.rows(
        "create role loud login; create role quiet login;
         grant pgtoken_verifier, pgtoken_issuer to loud, quiet;
         alter role quiet set log_parameter_max_length = 0;
         alter role quiet set log_parameter_max_length_on_error = 0",
    );
    for (n, (role, way, is_logged)) in WAYS.iter().enumerate() {
        let token = acme.issue("'t', 'olga'");
        let mut client = cluster.connect(acme.db.name(), role);
        way(&mut client, &token);
        let mut secrets = Secrets::default();
        secrets.token(&token.text);
        let seen = secrets.texts().is_match(cluster.log().as_bytes());
        tally.check(seen == *is_logged, || {
            format!("way {n} as {role}: in the log: {seen}")
        });
    }
    cluster.stop();
    tally
}
