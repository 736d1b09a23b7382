//! Locks are taken in one order, so that nothing that happens at once ends in a deadlock.
use pgtoken_tests::authority::assert_no_excess;
use pgtoken_tests::{Session, shared};

/// Owner `u` has three tokens whose ids run against the order in which they lie in the table.
const BACKWARDS: &str = "
    insert into pgtoken.workspace (workspace_id) values ('w');
    insert into pgtoken.app_user (user_id, service_of) values ('u', 'w');
    insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'u', 'full');
    insert into pgtoken.target (target_id, workspace_id) values ('t1', 'w'), ('t2', 'w');
    insert into pgtoken.zone (target_id, zone_id) values ('t1', 'z1'), ('t1', 'z2'), ('t2', 'z1');
    select pgtoken.import_token(
        sha256(n::text::bytea), 'u', 'token ' || n, 'st_', 'agency', 'w',
        grants => '{\"t1\": [\"z1\", \"z2\"], \"t2\": true}', id => ('00000000-0000-7000-8000-00000000000' || n)::uuid
    )
    from generate_series(3, 1, -1) as n";

/// Lets each of two statements lock what it can of three tokens while `held` is locked by a third session,
/// then lets go; neither may end in a deadlock.
#[track_caller]
fn meet(held: &str, one: &str, other: &str) {
    for (first, second) in [(one, other), (other, one)] {
        let db = shared().database();
        let [holder, a, b, observer] = [(); 4].map(|()| Session::open(&db));
        observer.rows(BACKWARDS);
        holder.rows(&format!("begin; {held}"));
        a.start(first);
        let waits = a.waits(&observer);
        b.start(second);
        b.waits(&observer);
        holder.rows("rollback");
        for (session, sql) in [(&a, first), (&b, second)] {
            if let Err(error) = session.finish() {
                panic!("{sql}: {error} (the first waited: {waits})\n{first}\n{second}");
            }
        }
        assert_no_excess(&observer);
    }
}

/// The token in the middle of either order.
const MIDDLE: &str =
    "select from pgtoken.token where id = '00000000-0000-7000-8000-000000000002' for update";

const REVOKE: &str = "select pgtoken.revoke_tokens(workspace_id => 'w')";

#[test]
fn revoking_many_and_demoting_their_owner_take_turns() {
    meet(MIDDLE, REVOKE, "update pgtoken.member set scope = 'read'");
}

#[test]
fn revoking_many_and_removing_their_owner_take_turns() {
    meet(MIDDLE, REVOKE, "delete from pgtoken.member");
}

#[test]
fn revoking_many_and_disabling_their_owner_take_turns() {
    meet(
        MIDDLE,
        REVOKE,
        "update pgtoken.app_user set disabled_at = now()",
    );
}

#[test]
fn revoking_many_and_disabling_their_workspace_take_turns() {
    meet(
        MIDDLE,
        REVOKE,
        "update pgtoken.workspace set disabled_at = now()",
    );
}

#[test]
fn revoking_many_and_deleting_their_owner_take_turns() {
    meet(MIDDLE, REVOKE, "delete from pgtoken.app_user");
}

#[test]
fn revoking_many_and_deleting_their_workspace_take_turns() {
    meet(MIDDLE, REVOKE, "delete from pgtoken.workspace");
}

#[test]
fn revoking_many_and_putting_members_take_turns() {
    meet(MIDDLE, REVOKE, "select pgtoken.put_members('w', '[]')");
}

#[test]
fn demoting_and_deleting_an_owner_take_turns() {
    meet(
        MIDDLE,
        "update pgtoken.member set scope = 'read'",
        "delete from pgtoken.app_user",
    );
}

#[test]
fn demoting_an_owner_and_deleting_the_workspace_take_turns() {
    meet(
        MIDDLE,
        "update pgtoken.member set scope = 'read'",
        "delete from pgtoken.workspace",
    );
}

#[test]
fn deleting_an_owner_and_the_workspace_take_turns() {
    meet(
        MIDDLE,
        "delete from pgtoken.app_user",
        "delete from pgtoken.workspace",
    );
}

/// A grant in the middle of either order.
const MIDDLE_GRANT: &str = "
    select from pgtoken.token_target
    where token_id = '00000000-0000-7000-8000-000000000002' and target_id = 't1' for update";

const PURGE: &str = "select pgtoken.purge_tokens('infinity')";

#[test]
fn deleting_a_target_and_the_owner_of_its_grants_take_turns() {
    meet(
        MIDDLE_GRANT,
        "delete from pgtoken.target where target_id = 't1'",
        "delete from pgtoken.app_user",
    );
}

#[test]
fn deleting_a_zone_and_the_owner_of_its_grants_take_turns() {
    meet(
        MIDDLE_GRANT,
        "delete from pgtoken.zone where target_id = 't1' and zone_id = 'z1'",
        "delete from pgtoken.app_user",
    );
}

#[test]
fn putting_targets_and_deleting_the_owner_of_their_grants_take_turns() {
    meet(
        MIDDLE_GRANT,
        "select pgtoken.put_targets('w', '[]')",
        "delete from pgtoken.app_user",
    );
}

#[test]
fn putting_zones_and_deleting_the_owner_of_their_grants_take_turns() {
    meet(
        MIDDLE_GRANT,
        "select pgtoken.put_zones('t1', '[]')",
        "delete from pgtoken.app_user",
    );
}

#[test]
fn deleting_a_target_and_purging_its_tokens_take_turns() {
    let revoked = format!("{REVOKE}; select 1");
    meet(
        MIDDLE_GRANT,
        "delete from pgtoken.target where target_id = 't1'",
        &format!("{revoked}; {PURGE}"),
    );
}

#[test]
fn putting_targets_and_replacing_grants_take_turns() {
    let regrant =
        "select pgtoken.grant_zones('00000000-0000-7000-8000-000000000001', '{\"t3\": true}')";
    let prepared = "
        insert into pgtoken.target (target_id, workspace_id) values ('t3', 'w')";
    for grant in ["t1", "t2"] {
        meet(
            &format!(
                "select from pgtoken.token_target
                 where token_id = '00000000-0000-7000-8000-000000000001' and target_id = '{grant}' for update"
            ),
            &format!("{prepared} on conflict do nothing; {regrant}"),
            &format!("{prepared} on conflict do nothing; select pgtoken.put_targets('w', '[\"t3\"]')"),
        );
    }
}

#[test]
fn putting_zones_and_replacing_grants_take_turns() {
    meet(
        "select from pgtoken.token_zone
         where token_id = '00000000-0000-7000-8000-000000000001' and zone_id = 'z1' for update",
        "select pgtoken.grant_zones('00000000-0000-7000-8000-000000000001', '{\"t2\": true}')",
        "select pgtoken.put_zones('t1', '[]')",
    );
}

#[test]
fn rotating_and_deleting_a_target_take_turns() {
    meet(
        "select from pgtoken.zone where target_id = 't1' and zone_id = 'z2' for update",
        "select pgtoken.rotate_token('00000000-0000-7000-8000-000000000001')",
        "delete from pgtoken.target where target_id = 't2'",
    );
}

#[test]
fn two_workspaces_that_put_the_same_new_targets_take_turns() {
    let db = shared().database();
    let [holder, a, b, observer] = [(); 4].map(|()| Session::open(&db));
    observer
        .rows("insert into pgtoken.workspace (workspace_id) values ('one'), ('other'), ('third')");
    holder
        .rows("begin; insert into pgtoken.target (target_id, workspace_id) values ('b', 'third')");
    a.start("select pgtoken.put_targets('one', '[\"a\", \"b\", \"c\"]')");
    b.start("select pgtoken.put_targets('other', '[\"c\", \"b\", \"a\"]')");
    assert!(a.waits(&observer) && b.waits(&observer));
    holder.rows("rollback");
    let ends = [a.finish(), b.finish()];
    let codes: Vec<&str> = ends
        .iter()
        .map(|end| {
            end.as_ref()
                .map_or_else(|error| error.code.as_str(), |_| "ok")
        })
        .collect();
    assert!(
        codes.contains(&"ok") && (codes.contains(&"22023") || codes.contains(&"23505")),
        "{codes:?}"
    );
}
