//! What every token may do at most, by the directory alone.
use crate::session::Session;

/// A token as it was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Its whole text.
    pub text: String,
}

/// Issues a token with these arguments.
#[track_caller]
pub fn issue(session: &Session, arguments: &str) -> Token {
    let row = session.row(&format!(
        "select id, token from pgtoken.issue_token({arguments})"
    ));
    let (id, text) = row.split_once('|').expect("two columns");
    Token {
        id: id.to_owned(),
        text: text.to_owned(),
    }
}

/// The code of a verification with these further arguments, such as `, scope => 'read'`.
#[track_caller]
pub fn code(session: &Session, token: &Token, question: &str) -> String {
    session.row(&format!(
        "select code from pgtoken.verify_token('{}'{question})",
        token.text
    ))
}

/// Each way in which a token has more than the directory gives it, or in which tables, verification and view
/// disagree; nothing where all is well.
///
/// The directory is read anew, not through the columns of the token that are derived from it.
#[track_caller]
pub fn excesses(session: &Session) -> Vec<String> {
    session.rows(EXCESSES)
}

/// Panics unless [`excesses`] finds nothing.
#[track_caller]
pub fn assert_no_excess(session: &Session) {
    let excesses = excesses(session);
    assert!(excesses.is_empty(), "{}", excesses.join("\n"));
}

const EXCESSES: &str = "
    with judged as (
        select t.*,
               u.user_id as owner, u.enabled as owner_works,
               w.workspace_id as home, w.enabled as home_works,
               m.scope as held, h.rank as held_rank,
               s.rank as given_rank, s.confined, s.member_scope,
               v.valid, v.code, v.scope as effect, e.rank as effect_rank, v.permissions as counting,
               k.state, k.grants
        from pgtoken.token as t
        left join pgtoken.app_user as u on u.user_id = t.user_id
        left join pgtoken.workspace as w on w.workspace_id = t.workspace_id
        left join pgtoken.member as m on m.workspace_id = t.workspace_id and m.user_id = t.user_id
        left join pgtoken.scope as h on h.name = m.scope
        left join pgtoken.scope as s on s.name = t.scope
        left join pgtoken.tokens as k on k.id = t.id
        cross join lateral pgtoken.verify_digest(
            t.digest, scope => case when s.confined then s.name end, consume => false
        ) as v
        left join pgtoken.scope as e on e.name = v.scope
    ),
    granted as (
        select g.token_id, g.target_id, g.whole, g.workspace_id as said, t.id, t.name, t.workspace_id,
               t.scope, t.revoked_at, a.workspace_id as home
        from pgtoken.token_target as g
        left join pgtoken.token as t on t.id = g.token_id
        left join pgtoken.target as a on a.target_id = g.target_id
    )
    select j.name || ' (' || coalesce(j.workspace_id, 'no workspace') || '): ' || p.problem
    from judged as j
    cross join lateral (values
        ('has no owner', j.owner is null),
        ('has no workspace', j.workspace_id is not null and j.home is null),
        ('is not in the view', j.state is null),
        ('is live and says otherwise of its owner than the directory',
         j.revoked_at is null and j.owner_enabled is distinct from j.owner_works),
        ('is live and says otherwise of its workspace than the directory',
         j.revoked_at is null and j.workspace_enabled is distinct from j.home_works),
        ('says ' || j.owner_scope || ' of its owner, who holds ' || coalesce(j.held, 'nothing'),
         j.owner_scope is not null and j.owner_scope is distinct from j.held),
        ('is revoked and still follows its owner',
         j.revoked_at is not null
         and not (j.owner_enabled is null and j.workspace_enabled is null and j.owner_scope is null)),
        ('is valid and its owner or workspace is not at work',
         j.valid and not (j.owner_works and (j.workspace_id is null or j.home_works))),
        ('is valid and its owner is no member',
         j.valid and j.workspace_id is not null and j.held is null),
        ('is valid and ended', j.valid and (
            j.revoked_at is not null or j.disabled_at is not null or j.expires_at <= clock_timestamp())),
        ('is valid with a scope that is not known', j.valid and j.scope is not null and j.given_rank is null
            and j.confined is null),
        ('has in effect more than its scope', j.valid and j.effect_rank > coalesce(j.given_rank, 0)),
        ('has in effect more than its owner', j.valid and j.workspace_id is not null
            and j.effect_rank > coalesce(j.held_rank, 0)),
        ('is confined, and its owner lacks what that needs', j.valid and j.confined and j.member_scope is not null
            and not exists (select from pgtoken.scope as n where n.name = j.member_scope and n.rank <= j.held_rank)),
        ('counts a permission that it has not, or that its owner cannot have', j.valid and exists (
            select from unnest(j.counting) as c (permission)
            where c.permission <> all (j.permissions)
               or not exists (
                select from pgtoken.permission as p
                left join pgtoken.scope as n on n.name = p.member_scope
                where p.name = c.permission and (p.member_scope is null or n.rank <= j.held_rank)
            )
        )),
        ('is confined, valid and without grants', j.valid and j.confined and j.grants = '{}'),
        ('is ' || j.state || ' in the view and ' || j.code || ' for verification', j.code <> all (case j.state
            when 'active' then array['valid']
            when 'suspended' then array['owner_disabled', 'workspace_disabled', 'not_a_member',
                                        'insufficient_scope', 'target_forbidden']
            else array[j.state]
        end)),
        ('tells of no beginning', not exists (
            select from pgtoken.event as e where e.token_id = j.id and e.kind in ('issued', 'imported'))),
        ('is told of as deleted', exists (
            select from pgtoken.event as e where e.token_id = j.id and e.kind = 'deleted'))
    ) as p (problem, holds)
    where p.holds

    union all
    select coalesce(g.name, g.token_id::text) || ' (' || coalesce(g.workspace_id, 'no workspace') || '): '
           || p.problem || ' ' || g.target_id
    from granted as g
    cross join lateral (values
        ('is gone and has a grant of', g.id is null),
        ('has a grant of a target that is gone:', g.home is null),
        ('has a grant of a target elsewhere:', g.home <> g.workspace_id or g.said <> g.workspace_id
            or g.workspace_id is null),
        ('is not confined and has a grant of', not exists (
            select from pgtoken.scope as s where s.name = g.scope and s.confined)),
        ('has the whole and zones of', g.whole and exists (
            select from pgtoken.token_zone as z where z.token_id = g.token_id and z.target_id = g.target_id)),
        ('was told of no loss and has no zone of', not g.whole and g.revoked_at is null
            and not exists (
                select from pgtoken.token_zone as z where z.token_id = g.token_id and z.target_id = g.target_id)
            and not exists (
                select from pgtoken.event as e where e.token_id = g.token_id and e.kind = 'grants_lost'))
    ) as p (problem, holds)
    where p.holds

    union all
    select z.token_id || ': has a zone that is gone or was not granted: ' || z.target_id || '/' || z.zone_id
    from pgtoken.token_zone as z
    where not exists (
        select from pgtoken.zone as x where x.target_id = z.target_id and x.zone_id = z.zone_id
    )
       or not exists (
        select from pgtoken.token_target as g where g.token_id = z.token_id and g.target_id = z.target_id
    )

    union all
    select c.token_id || ': came ' || c.begun || ' times, is there ' || c.present || ' times and went ' || c.gone
    from (
        select e.token_id,
               count(*) filter (where e.kind in ('issued', 'imported')) as begun,
               count(*) filter (where e.kind = 'deleted') as gone,
               (select count(*) from pgtoken.token as t where t.id = e.token_id) as present
        from pgtoken.event as e
        group by e.token_id
    ) as c
    where c.begun <> 1 or c.present + c.gone <> 1";
