//! A change of the vocabulary reaches every session, and no session keeps one that was rolled back.
use pgtoken_tests::{ACME, Database, code, error_of, issue, shared};
use postgres::Client;

const PUBLISH: &str = "permissions => '{publish}'";

/// A session that has verified, and thus read the vocabulary, and a token with permission `publish` of a `writer`.
fn session_with_token(db: &Database<'_>) -> (Client, String) {
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'writer', workspace_id => 'acme', scope => 'write', permissions => '{publish}'",
    );
    assert_eq!(code(&mut client, &token.text, PUBLISH), "valid");
    (client, token.text)
}

const RAISE: &str = "update pgtoken.permission set member_scope = 'full' where name = 'publish'";
const LOWER: &str = "update pgtoken.permission set member_scope = 'read' where name = 'publish'";

#[test]
fn changed_permission_is_seen_in_the_next_statement_of_other_sessions() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    db.execute(RAISE);
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
    db.execute(LOWER);
    assert_eq!(code(&mut client, &token, PUBLISH), "valid");
}

#[test]
fn new_scope_is_seen_in_the_next_statement_of_other_sessions() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    let ask = "scope => 'post'";
    assert_eq!(code(&mut client, &token, ask), "insufficient_scope");
    db.execute("insert into pgtoken.scope (name, rank) values ('post', 10)");
    db.execute("update pgtoken.member set scope = 'post'");
    let arguments = "'two', 'writer', workspace_id => 'acme', scope => 'post'";
    let post = issue(&mut db.client(), arguments).text;
    assert_eq!(code(&mut client, &post, ask), "valid");
    assert_eq!(code(&mut client, &token, ask), "insufficient_scope");
}

#[test]
fn raised_rung_is_denied_in_the_next_statement_of_other_sessions() {
    let db = shared().database();
    db.execute(ACME);
    db.execute(
        "insert into pgtoken.scope (name, rank) values ('post', 10), ('edit', 11);
         update pgtoken.member set scope = 'edit' where user_id = 'owner'",
    );
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', workspace_id => 'acme', scope => 'edit'",
    );
    assert_eq!(code(&mut client, &token.text, "scope => 'post'"), "valid");
    db.execute("update pgtoken.scope set rank = 12 where name = 'post'");
    let got = code(&mut client, &token.text, "scope => 'post'");
    assert_eq!(got, "insufficient_scope");
}

#[test]
fn change_inside_a_transaction_is_seen_by_it_alone_until_it_commits() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    let mut other = db.client();
    other.batch_execute("begin").expect("begin");
    other.batch_execute(RAISE).expect("raise");
    assert_eq!(
        code(&mut other, &token, PUBLISH),
        "insufficient_permissions"
    );
    assert_eq!(code(&mut client, &token, PUBLISH), "valid");
    other.batch_execute("commit").expect("commit");
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
}

#[test]
fn change_that_is_rolled_back_is_forgotten_by_the_session_that_made_it() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    db.execute(RAISE);
    client.batch_execute("begin").expect("begin");
    client.batch_execute(LOWER).expect("lower");
    assert_eq!(code(&mut client, &token, PUBLISH), "valid");
    client.batch_execute("rollback").expect("rollback");
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
}

#[test]
fn change_of_a_savepoint_goes_with_it() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    client.batch_execute("begin").expect("begin");
    client.batch_execute(RAISE).expect("raise");
    client.batch_execute("savepoint one").expect("savepoint");
    client.batch_execute(LOWER).expect("lower");
    assert_eq!(code(&mut client, &token, PUBLISH), "valid");
    client.batch_execute("rollback to one").expect("rollback");
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
    client.batch_execute("savepoint two").expect("savepoint");
    client.batch_execute(LOWER).expect("lower");
    client.batch_execute("release two").expect("release");
    assert_eq!(code(&mut client, &token, PUBLISH), "valid");
    client.batch_execute("rollback").expect("rollback");
    db.execute(RAISE);
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
}

#[test]
fn change_of_a_failed_block_of_plpgsql_goes_with_it() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    db.execute(RAISE);
    let block = format!(
        "do $$ begin
             {LOWER};
             if (pgtoken.verify_token('{token}', {PUBLISH})).code <> 'valid' then
                 raise 'not lowered' using errcode = 'P0003';
             end if;
             perform 1 / 0;
         exception when division_by_zero then null;
         end $$"
    );
    client.batch_execute(&block).expect("block");
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
}

#[test]
fn reader_under_repeatable_read_sees_a_reduction_and_leaves_nothing_old_behind() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    for isolation in ["repeatable read", "serializable"] {
        db.execute(LOWER);
        let begin = format!("begin isolation level {isolation}; select from pgtoken.permission");
        client.batch_execute(&begin).expect("begin");
        db.execute(RAISE);
        assert_eq!(
            code(&mut client, &token, PUBLISH),
            "insufficient_permissions"
        );
        client.batch_execute("commit").expect("commit");
        assert_eq!(
            code(&mut client, &token, PUBLISH),
            "insufficient_permissions"
        );
    }
}

#[test]
fn verification_that_fails_while_it_reads_the_vocabulary_leaves_nothing_old_behind() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    let mut locker = db.client();
    client
        .batch_execute("set lock_timeout = '10ms'")
        .expect("set");
    for table in ["scope", "permission"] {
        db.execute(LOWER);
        assert_eq!(code(&mut client, &token, PUBLISH), "valid");
        db.execute(RAISE);
        locker
            .batch_execute(&format!("begin; lock table pgtoken.{table}"))
            .expect("lock");
        let sql = "select from pgtoken.verify_token($1)";
        assert_eq!(error_of(client.query(sql, &[&token])).code, "55P03");
        locker.batch_execute("rollback").expect("rollback");
        let got = code(&mut client, &token, PUBLISH);
        assert_eq!(got, "insufficient_permissions", "after a lock on {table}");
    }
}

#[test]
fn session_with_a_vocabulary_gets_the_one_of_an_extension_created_anew() {
    let db = shared().database();
    let (mut client, _) = session_with_token(&db);
    let mut other = db.client();
    for recreate_in_own_session in [true, false] {
        let recreate = "drop extension pgtoken; create extension pgtoken";
        if recreate_in_own_session {
            client.batch_execute(recreate).expect("recreate");
        } else {
            other.batch_execute(recreate).expect("recreate");
        }
        db.execute(ACME);
        db.execute("insert into pgtoken.scope (name, rank) values ('post', 10)");
        db.execute("update pgtoken.member set scope = 'post'");
        let token = issue(
            &mut other,
            "'two', 'writer', workspace_id => 'acme', scope => 'post', permissions => '{upload}'",
        )
        .text;
        let ask = "scope => 'post', permissions => '{upload}'";
        assert_eq!(code(&mut client, &token, ask), "valid");
        let ask = "permissions => '{publish}'";
        assert_eq!(code(&mut client, &token, ask), "insufficient_permissions");
    }
}

#[test]
fn extension_created_anew_and_rolled_back_leaves_the_old_vocabulary() {
    let db = shared().database();
    let (mut client, token) = session_with_token(&db);
    client
        .batch_execute("begin; drop extension pgtoken; create extension pgtoken")
        .expect("recreate");
    assert_eq!(code(&mut client, &token, PUBLISH), "not_found");
    client.batch_execute("rollback").expect("rollback");
    assert_eq!(code(&mut client, &token, PUBLISH), "valid");
    db.execute(RAISE);
    assert_eq!(
        code(&mut client, &token, PUBLISH),
        "insufficient_permissions"
    );
}
