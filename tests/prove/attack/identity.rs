//! Being somebody else: a user that was not given, a role that was not granted.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Acme, outcome, rows};

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
