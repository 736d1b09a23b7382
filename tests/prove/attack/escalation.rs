//! Privilege escalation: in many small steps.
use crate::claim::{Effort, Tally};
use pgtoken_tests::authority::excesses;
use pgtoken_tests::{Acme, Dice, Session};

const USERS: [&str; 7] = ["olga", "mia", "leo", "dora", "stan", "robot", "ghost"];

/// Who tries; those who may little are there less often.
const ACTORS: [&str; 9] = [
    "olga", "mia", "leo", "stan", "robot", "mia", "stan", "dora", "ghost",
];

/// What users try, as `$a`: `$u` is a user, `$w` a workspace, `$s` a scope, `$p` permissions, `$g` grants, `$k` the
/// id of some token, `$l` a rung of the ladder, `$b` true or false.
const ATTEMPTS: [&str; 22] = [
    "issue_token('t', 'robot', 'read', 'acme', as_user => '$a')",
    "issue_token('t', 'robot', 'read', 'acme', as_user => '$a')",
    "issue_token('t', '$a', '$l', 'acme', as_user => '$a')",
    "issue_token('t', '$a', '$l', 'globex', as_user => '$a')",
    "issue_token('t', '$u', '$l', 'acme', '$p', as_user => '$a')",
    "issue_token('t', '$u', '$l', 'globex', '$p', as_user => '$a')",
    "issue_token('t', 'robot', '$l', 'acme', as_user => '$a')",
    "issue_token('t', 'drone', '$l', 'globex', '$p', as_user => '$a')",
    "issue_token('t', '$a', 'agency', 'acme', '$p', '$g', $b, as_user => '$a')",
    "issue_token('t', '$a', 'review', $w, '$p', as_user => '$a')",
    "issue_token('t', '$u', $s, $w, '$p', '$g', $b, as_user => '$a')",
    "issue_token('t', '$u', $s, $w, '$p', '$g', $b, as_user => '$a')",
    "issue_token('t', '$a', $s, $w, '$p', '$g', $b, as_user => '$a')",
    "issue_token('t', '$a', $s, $w, '$p', '$g', $b, as_user => '$a', actor => '$u')",
    "issue_token('t', '$u', $s, $w, '$p', '$g', $b, request_id => '$u$a', as_user => '$a')",
    "rotate_token($k, overlap => '1 h', as_user => '$a')",
    "rotate_token($k, ttl => '1 year', as_user => '$a')",
    "grant_zones($k, '$g', '$a')",
    "grant_zones($k, '$g', '$a')",
    "update_token($k, enabled => $b, expires_at => 'infinity', rate_limit => 0, allowed_addrs => '{}', as_user => '$a')",
    "update_token($k, metadata => '{\"scope\": \"full\"}', as_user => '$a')",
    "update_token($k, enabled => $b, as_user => '$a')",
];

/// What a directory does meanwhile.
const CHANGES: [&str; 8] = [
    "update pgtoken.member set scope = '$l' where workspace_id = 'acme' and user_id = '$u'",
    "update pgtoken.member set scope = '$l', manages_tokens = $b where workspace_id = 'globex' and user_id = '$u'",
    "insert into pgtoken.member (workspace_id, user_id, scope) values ($w, '$u', '$l') on conflict do nothing",
    "delete from pgtoken.member where workspace_id = $w and user_id = '$u'",
    "update pgtoken.app_user set disabled_at = case when $b and $b and $b then now() end where user_id = '$u'",
    "update pgtoken.workspace set disabled_at = case when $b and $b and $b then now() end where workspace_id = $w",
    "update pgtoken.target set workspace_id = $w where target_id = 'lobby' and $w is not null",
    "insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens) values ('acme', 'mia', 'full', true) on conflict do nothing",
];

fn fill(dice: &mut Dice, sql: &str) -> String {
    let mut sql = sql.replace(
        "$k",
        &format!("(select id from pgtoken.tokens where state = 'active' order by md5(id || '{}') limit 1)", dice.roll(1 << 40)),
    );
    for (letter, values) in [
        ("$a", &ACTORS[..]),
        ("$u", &USERS),
        ("$w", &["'acme'", "'globex'", "'shut'", "null"]),
        (
            "$s",
            &[
                "'read'",
                "'write'",
                "'full'",
                "'agency'",
                "'review'",
                "'vault'",
                "'break_glass'",
                "null",
            ],
        ),
        ("$l", &["read", "write", "full"]),
        (
            "$p",
            &["{}", "{upload}", "{publish}", "{audit}", "{publish,audit}"],
        ),
        (
            "$g",
            &[
                "{}",
                "{\"windows\": [\"main\"]}",
                "{\"lobby\": true}",
                "{\"roof\": true}",
                "{\"windows\": true, \"roof\": [\"main\"]}",
            ],
        ),
        ("$b", &["true", "false"]),
    ] {
        while let Some(place) = sql.find(letter) {
            sql.replace_range(place..place + letter.len(), dice.pick(values));
        }
    }
    sql
}

/// A token that a user has just issued, judged by the directory of that moment: none for anybody but itself and
/// the service users that it may serve, none with more than the issuer holds, no permission that the issuer has not.
const UNDUE: &str = "
    select t.name || ' of ' || t.user_id || ', ' || coalesce(t.scope, '-')
           || ' in ' || coalesce(t.workspace_id, '-') || ' ' || t.permissions::text
    from pgtoken.tokens as t
    join pgtoken.app_user as u on u.user_id = t.user_id
    left join pgtoken.member as i on i.workspace_id = t.workspace_id and i.user_id = 'USER'
    left join pgtoken.scope as held on held.name = i.scope
    left join pgtoken.scope as given on given.name = t.scope
    left join pgtoken.scope as needed on needed.name = coalesce(given.member_scope, given.name)
    where t.id = 'ID'
      and not (
          t.workspace_id is not null
          and i.user_id is not null
          and (t.user_id = 'USER' or i.manages_tokens and u.service_of = t.workspace_id)
          and (t.scope is null or given.rank <= held.rank
               or given.rank is null and given.member_scope is not null and needed.rank <= held.rank)
          and not exists (
              select from unnest(t.permissions) as p (name)
              left join pgtoken.permission as q on q.name = p.name
              left join pgtoken.scope as n on n.name = q.member_scope
              where n.rank is null or n.rank > held.rank
          )
          and (not t.auto_publish or given.confined)
      )";

/// Users x scopes x permissions x grants x calls, at random, while the directory changes: an oracle that reads the
/// directory judges each new token, and every so often all tokens there are.
pub fn no_sequence_of_calls_ends_with_more_than_the_owner_holds(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut dice = Dice::seeded(uuid::Uuid::new_v4().as_u128() as u64);
    let mut succeeded = 0;
    for _ in 0..effort.tries(1, 25) {
        let acme = Acme::new();
        let (judge, issuer) = (
            Session::open(&acme.db),
            Session::of(acme.db.client_as("pgtoken_issuer")),
        );
        judge.rows("insert into pgtoken.app_user (user_id, service_of) values ('drone', 'globex');
             insert into pgtoken.member (workspace_id, user_id, scope) values ('globex', 'drone', 'full')");
        // The look-up of some token is the superuser's: ids are no secret.
        for n in 0..effort.tries(700, 2000) {
            if dice.roll(12) == 0 {
                let change = dice.pick(&CHANGES);
                let _ = judge.attempt(&fill(&mut dice, change));
                continue;
            }
            let attempt = dice.pick(&ATTEMPTS);
            let (call, user) = resolve(&judge, &fill(&mut dice, attempt));
            let issues = call.starts_with("issue_token");
            let columns = if issues { "id, token is null" } else { "1" };
            match issuer.attempt(&format!("select {columns} from pgtoken.{call}")) {
                Err(error) => {
                    let refused =
                        ["42501", "22023", "P0002", "55000"].contains(&error.code.as_str());
                    tally.check(refused, || format!("{call}: {error}"));
                }
                Ok(rows) => {
                    succeeded += 1;
                    // Of a repeated request, the first was judged.
                    let undue = match issues.then(|| rows[0].strip_suffix("|f")).flatten() {
                        Some(id) => judge.rows(&UNDUE.replace("USER", &user).replace("ID", id)),
                        None => Vec::new(),
                    };
                    tally.check(undue.is_empty(), || format!("{call}: {undue:?}"));
                }
            }
            if n % 100 == 99 {
                let excesses = excesses(&judge);
                tally.check(excesses.is_empty(), || excesses.join("\n"));
            }
        }
    }
    tally.check(succeeded > 8, || {
        format!("only {succeeded} attempts succeeded")
    });
    tally.figure(format!(
        "{succeeded} attempts succeeded, each within its due"
    ));
    tally
}

/// The call with the id of the token that it looks up, and who it acts as.
fn resolve(judge: &Session, call: &str) -> (String, String) {
    let user = match call.split_once("as_user => '") {
        Some((_, rest)) => rest.split('\'').next().unwrap_or_default(),
        None => call.rsplit('\'').nth(1).unwrap_or_default(),
    };
    let Some(start) = call.find("(select id") else {
        return (call.to_owned(), user.to_owned());
    };
    let end = start + call[start..].find("limit 1)").expect("the look-up ends") + "limit 1)".len();
    let id = judge.rows(&call[start..end]).pop();
    let id = id.unwrap_or_else(|| "00000000-0000-0000-0000-000000000000".to_owned());
    (
        format!("{}'{id}'{}", &call[..start], &call[end..]),
        user.to_owned(),
    )
}
