//! What the other tests rely on.
use pgtoken_tests::{Cluster, Watchdog, shared, wait_until};
use std::process::Command;
use std::time::Duration;

#[test]
fn databases_of_two_tests_are_apart() {
    let (one, other) = (shared().database(), shared().database());
    one.execute("create table mark ()");
    assert_eq!(other.sqlstate("select from mark"), "42P01");
}

#[test]
fn database_is_gone_when_its_test_ends() {
    let db = shared().database();
    let name = db.name().to_owned();
    drop(db);
    assert!(shared().try_connect(&name, "postgres").is_err());
}

#[test]
fn login_role_is_a_member_of_its_role_alone() {
    let db = shared().database();
    let mut client = db.client_as("pg_monitor");
    let row = client
        .query_one(
            "select pg_has_role('pg_monitor', 'usage'), pg_has_role('pg_signal_backend', 'usage')",
            &[],
        )
        .expect("query");
    assert_eq!((row.get(0), row.get(1)), (true, false));
}

#[test]
fn url_leads_to_the_database_over_tcp() {
    let db = shared().database();
    let role = shared().login(&["pg_monitor"]);
    let mut client = postgres::Client::connect(&db.url(&role), postgres::NoTls).expect("connect");
    let row = client
        .query_one("select current_user::text, current_database()::text", &[])
        .expect("query");
    assert_eq!(
        (row.get::<_, String>(0), row.get::<_, String>(1)),
        (role, db.name().to_owned())
    );
}

#[test]
fn psql_stops_at_the_first_error() {
    let db = shared().database();
    assert!(
        db.psql_error("select 1/0; create table mark ();")
            .contains("division by zero")
    );
    assert_eq!(db.sqlstate("select from mark"), "42P01");
    assert_eq!(db.psql("select 1, 'two'"), "1|two\n");
}

#[test]
fn error_has_code_message_detail_and_hint() {
    let db = shared().database();
    let error = db.error(
        "do $$ begin raise 'no' using errcode = '22023', detail = 'because', hint = 'do this'; end $$",
    );
    assert_eq!(error.code, "22023");
    assert_eq!(error.message, "no");
    assert_eq!(error.detail.as_deref(), Some("because"));
    assert_eq!(error.hint.as_deref(), Some("do this"));
}

#[test]
fn cluster_keeps_data_and_port_over_a_restart_and_a_crash() {
    let cluster = Cluster::start();
    let db = cluster.database();
    db.execute("create table mark ()");
    cluster.restart();
    cluster.crash();
    cluster.start_again();
    assert_eq!(db.sqlstate("select from mark"), "00000");
    assert!(
        cluster
            .log()
            .contains("database system was not properly shut down")
    );
}

#[test]
fn settings_reach_the_server() {
    let cluster = Cluster::settings()
        .durable()
        .with("pgtoken.prefix", "st")
        .start();
    let db = cluster.empty_database();
    assert_eq!(
        db.value::<String>("select current_setting('fsync')", &[]),
        "on"
    );
    assert_eq!(
        db.value::<String>("select current_setting('pgtoken.prefix')", &[]),
        "st"
    );
}

#[test]
fn cluster_leaves_no_folder_and_no_server_behind() {
    let cluster = Cluster::start();
    let (folder, port) = (cluster.folder().to_owned(), cluster.port());
    drop(cluster);
    assert!(!folder.exists());
    assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok());
}

#[test]
fn watchdog_acts_when_its_pipe_closes() {
    let mark = std::env::temp_dir().join(format!("pgtoken-mark-{}", uuid::Uuid::new_v4()));
    let path = mark.to_str().expect("UTF-8").to_owned();
    // The watchdog's pipe is held by this process and by nobody else; closing it is all that a
    // kill does.
    let watchdog = Watchdog::arm(Command::new("/bin/sh"), "touch \"$1\"", &[&path]);
    assert!(!mark.exists());
    drop(watchdog);
    wait_until(Duration::from_secs(5), "the watchdog's mark", || {
        mark.exists()
    });
    std::fs::remove_file(mark).expect("the mark is there");
}
