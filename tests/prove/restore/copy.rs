//! What a restored database is held against.
use super::generator::{Generated, Verdicts};
use crate::claim::Tally;
use pgtoken_tests::{Contents, row, rows};
use postgres::Client;

/// What is to be found again.
pub struct Original {
    contents: Contents,
    verdicts: Verdicts,
}

impl Original {
    /// What is in the database now.
    pub fn of(generated: &Generated<'_>) -> Original {
        Original {
            contents: generated.contents(),
            verdicts: generated.verdicts(&mut generated.db.client()),
        }
    }

    /// A try for every row and every verdict.
    pub fn compare(
        &self,
        tally: &mut Tally,
        way: &str,
        generated: &Generated<'_>,
        copy: &mut Client,
    ) {
        tally.add(self.contents.rows() as u64);
        let difference = self.contents.difference(&Contents::of(copy));
        tally.attempt(difference.map_or(Ok(()), |difference| Err(format!("{way}: {difference}"))));
        let copied = generated.verdicts(copy);
        for (question, verdict) in &self.verdicts {
            let answer = copied.get(question);
            tally.check(answer == Some(verdict), || {
                format!("{way}: {question}: {verdict:?} became {answer:?}")
            });
        }
    }

    /// The codes that the questions were answered with.
    pub fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.verdicts.values().map(|v| v.0.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// Roles with their passwords, who is a member of what, and settings of roles and databases.
pub fn roles_and_settings(client: &mut Client) -> Vec<String> {
    rows(
        client,
        "select 'role', rolname, rolsuper, rolcanlogin, rolpassword from pg_authid where rolname !~ '^pg_'
         union all
         select 'member', roleid::regrole::text, null, admin_option, member::regrole::text from pg_auth_members
         union all
         select 'setting', d.datname, null, null, concat_ws(' ', r.rolname, c.setting)
         from pg_db_role_setting as s
         cross join lateral unnest(s.setconfig) as c (setting)
         left join pg_database as d on d.oid = s.setdatabase
         left join pg_roles as r on r.oid = s.setrole
         order by 1, 2, 5",
    )
}

/// What a restored database is asked to do, and what comes of it.
const WORK: [(&str, &str); 6] = [
    (
        "create temporary table issued as
         select i.token, i.id, i.name, m.user_id
         from (
             select m.user_id, m.workspace_id
             from pgtoken.member as m
             join pgtoken.app_user as u on u.user_id = m.user_id and u.enabled
             join pgtoken.workspace as w on w.workspace_id = m.workspace_id and w.enabled
             where m.scope <> 'read'
             order by m.workspace_id, m.user_id
             limit 1
         ) as m
         cross join generate_series(1, 2) as n
         cross join lateral pgtoken.issue_token('after ' || n, m.user_id, 'write', m.workspace_id) as i",
        "valid valid",
    ),
    (
        "select pgtoken.revoke_token(id) from issued where name = 'after 2'",
        "valid revoked",
    ),
    (
        "update pgtoken.member set scope = 'read' where user_id = (select min(user_id) from issued)",
        "insufficient_scope revoked",
    ),
    // Under logical replication only what always fires reaches tokens.
    (
        "set session_replication_role = replica;
         delete from pgtoken.member where user_id = (select min(user_id) from issued);
         reset session_replication_role",
        "not_a_member revoked",
    ),
    (
        "update pgtoken.app_user set disabled_at = now() where user_id = (select min(user_id) from issued)",
        "owner_disabled revoked",
    ),
    (
        "delete from pgtoken.app_user where user_id = (select min(user_id) from issued)",
        "not_found not_found",
    ),
];

const VERDICTS: &str = "
    select string_agg(v.code, ' ' order by i.name)
    from issued as i
    cross join lateral pgtoken.verify_token(i.token, 'write', consume => false) as v";

/// Issues, revokes, demotes and deletes on a restored database.
pub fn work_on(tally: &mut Tally, way: &str, client: &mut Client) {
    for (statement, expected) in WORK {
        rows(client, statement);
        let verdicts = row(client, VERDICTS);
        tally.check(verdicts == expected, || {
            format!("{way}: {verdicts} and not {expected} after {statement}")
        });
    }
}
