//! What must hold of the tables after any misuse.
use pgtoken_tests::Acme;

/// A query each, of what breaks a rule.
const RULES: &[(&str, &str)] = &[
    (
        "a token without the event of its beginning",
        "select t.id from pgtoken.token as t
         where not exists (
             select from pgtoken.event as e where e.token_id = t.id and e.kind in ('issued', 'imported')
         )",
    ),
    (
        "a revoked token without its event",
        "select t.id from pgtoken.token as t
         where t.revoked_at is not null and not exists (
             select from pgtoken.event as e where e.token_id = t.id and e.kind in ('revoked', 'rotated', 'imported')
         )",
    ),
    (
        "a grant of what is not in the token's workspace",
        "select g.token_id from pgtoken.token_target as g
         join pgtoken.token as t on t.id = g.token_id
         left join pgtoken.target as x on x.target_id = g.target_id
         where x.workspace_id is distinct from t.workspace_id",
    ),
    (
        "a grant of a zone that is not there",
        "select g.token_id from pgtoken.token_zone as g
         left join pgtoken.zone as z using (target_id, zone_id)
         left join pgtoken.token_target as p on p.token_id = g.token_id and p.target_id = g.target_id
         where z.zone_id is null or p.token_id is null",
    ),
    (
        "a token of no confined scope with grants or auto_publish",
        "select t.id from pgtoken.token as t left join pgtoken.scope as s on s.name = t.scope
         where coalesce(s.confined, false) = false
           and (t.auto_publish or exists (select from pgtoken.token_target as g where g.token_id = t.id))",
    ),
    (
        "a token that verifies for more than its owner holds",
        "select t.id from pgtoken.token as t
         cross join lateral pgtoken.verify_digest(t.digest, t.scope, consume => false) as v
         left join pgtoken.member as m on m.user_id = t.user_id and m.workspace_id = t.workspace_id
         left join pgtoken.scope as held on held.name = m.scope
         left join pgtoken.scope as s on s.name = v.scope
         left join pgtoken.scope as needed on needed.name = s.member_scope
         where v.valid and t.workspace_id is not null
           and (m.user_id is null or s.rank > held.rank or needed.rank > held.rank)",
    ),
    (
        "a live token of somebody who is disabled",
        "select t.id from pgtoken.token as t
         cross join lateral pgtoken.verify_digest(t.digest, t.scope, consume => false) as v
         join pgtoken.app_user as u on u.user_id = t.user_id
         left join pgtoken.workspace as w on w.workspace_id = t.workspace_id
         where v.valid and (u.disabled_at is not null or w.disabled_at is not null)",
    ),
];

/// Each rule that is broken.
pub fn broken(acme: &mut Acme) -> Vec<String> {
    let mut broken = Vec::new();
    for (rule, query) in RULES {
        let found = acme.rows(query);
        if !found.is_empty() {
            broken.push(format!("{} times {rule}: {}", found.len(), found[0]));
        }
    }
    broken
}
