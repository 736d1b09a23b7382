//! What holds for every route: ports, paths, limits, origins, ids, logs, an absent database.
use pgtoken_tests::{
    ADMIN_SECRET, Cluster, Facade, Http, HttpAnswer, Stand, VERIFIER_SECRET, shared, wait_until,
};
use serde_json::{Value, json};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

#[track_caller]
fn ask(url: &str, method: &str, target: &str, headers: &[&str], body: &str) -> HttpAnswer {
    let mut http = Http::connect(url).expect("the facade listens");
    let answer = http.ask(method, target, headers, body);
    answer.unwrap_or_else(|error| panic!("{method} {target}: {error}"))
}

fn bearer(secret: &str) -> String {
    format!("Authorization: Bearer {secret}")
}

#[test]
fn management_leaves_the_public_port_for_its_own() {
    let stand = Stand::with(&[("PGTOKEN_ADMIN_LISTEN", "127.0.0.1:0")]);
    let log = stand.facade.log();
    let admin = log
        .split("managing on ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let admin = admin.expect("the second port is logged");
    let key = bearer(ADMIN_SECRET);
    for path in [
        "/v1/tokens",
        "/v1/session",
        "/metrics",
        "/v1/users",
        "/v1/nothing",
    ] {
        assert_eq!(
            stand.ask("GET", path, &[&key], "").problem(),
            "404 not_found",
            "{path}"
        );
    }
    assert_eq!(ask(admin, "GET", "/v1/tokens", &[&key], "").status, 200);
    assert_eq!(ask(admin, "GET", "/healthz", &[], "").status, 200);
    assert_eq!(stand.ask("GET", "/healthz", &[], "").status, 200);
    assert_eq!(
        stand.ask("GET", "/v1/verify", &[], "").status,
        405,
        "verification is public"
    );
}

#[test]
fn facade_without_a_management_database_only_verifies() {
    let stand = Stand::new();
    let role = shared().login(&["pgtoken_verifier"]);
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_VERIFY_DATABASE_URL", stand.acme.db.url(&role))
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
            .env("PGTOKEN_VERIFIER_SECRET", VERIFIER_SECRET),
    );
    assert_eq!(facade.get("/readyz").status, 200, "{}", facade.log());
    let answer = ask(
        &facade.url(""),
        "GET",
        "/v1/tokens",
        &[&bearer(ADMIN_SECRET)],
        "",
    );
    assert_eq!(answer.problem(), "404 verify_only");
    let headers = [&*bearer(VERIFIER_SECRET), "Content-Type: application/json"];
    let verdict = ask(
        &facade.url(""),
        "POST",
        "/v1/verify",
        &headers,
        r#"{"token": "x"}"#,
    );
    assert_eq!(
        (verdict.status, &verdict.json()["code"]),
        (200, &json!("not_found"))
    );
}

#[test]
fn base_path_comes_before_every_path() {
    let stand = Stand::with(&[("PGTOKEN_BASE_PATH", "/tokens/")]);
    assert_eq!(stand.ask("GET", "/tokens/healthz", &[], "").status, 200);
    for path in [
        "/healthz",
        "/tokenshealthz",
        "/tokens",
        "/tokens//healthz",
        "/other/healthz",
    ] {
        assert_eq!(
            stand.ask("GET", path, &[], "").problem(),
            "404 not_found",
            "{path}"
        );
    }
    let body = json!({ "name": "t", "user_id": "olga" });
    let issued = stand.admin("POST", "/tokens/v1/tokens", body);
    assert!(
        issued.header("location").starts_with("/tokens/v1/tokens/"),
        "{issued:?}"
    );
    assert_eq!(
        stand
            .admin("GET", issued.header("location"), Value::Null)
            .status,
        200
    );
}

#[test]
fn pages_of_named_origins_may_call_and_others_may_not() {
    let stand = Stand::with(&[(
        "PGTOKEN_CORS_ORIGINS",
        "https://app.example.com, http://localhost:3000",
    )]);
    let preflight = |origin: &str| {
        let origin = format!("Origin: {origin}");
        let headers = [origin.as_str(), "Access-Control-Request-Method: PATCH"];
        stand.ask("OPTIONS", "/v1/tokens", &headers, "")
    };
    let allowed = preflight("https://app.example.com");
    assert_eq!(allowed.status, 204);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://app.example.com"
    );
    assert!(
        allowed
            .header("access-control-allow-methods")
            .contains("PATCH")
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("Idempotency-Key")
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    let refused = preflight("https://evil.example.com");
    assert_eq!(refused.header("access-control-allow-origin"), "");
    assert_eq!(refused.header("vary"), "Origin");
    let key = bearer(ADMIN_SECRET);
    let answer = stand.ask(
        "GET",
        "/v1/scopes",
        &[&key, "Origin: http://localhost:3000"],
        "",
    );
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    let problem = stand.ask("GET", "/v1/scopes", &["Origin: http://localhost:3000"], "");
    assert_eq!(
        problem.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    let without = Stand::new();
    let headers = [
        "Origin: https://app.example.com",
        "Access-Control-Request-Method: GET",
    ];
    let answer = without.ask("OPTIONS", "/v1/scopes", &headers, "");
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (405, "")
    );
}

#[test]
fn requests_have_ids_and_sane_ones_of_clients_are_kept() {
    let stand = Stand::new();
    let id = |line: &str| {
        stand
            .ask("GET", "/healthz", &[line], "")
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(id("X-Request-Id: order-7.a_b:c/d+e="), "order-7.a_b:c/d+e=");
    for insane in ["", "two words", "quo\"te", "Zoë", &"x".repeat(129)] {
        let given = id(&format!("X-Request-Id: {insane}"));
        assert!(uuid::Uuid::parse_str(&given).is_ok(), "{insane}: {given}");
    }
    assert_ne!(id("X-Nothing: 1"), id("X-Nothing: 1"));
}

#[test]
fn head_is_get_without_a_body() {
    let stand = Stand::new();
    let key = bearer(ADMIN_SECRET);
    let get = stand.ask("GET", "/v1/scopes", &[&key], "");
    let mut http = stand.connect();
    let request = format!("HEAD /v1/scopes HTTP/1.1\r\nHost: localhost\r\n{key}\r\n\r\n");
    // The next answer begins where a body would.
    http.send(&format!(
        "{request}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ))
    .expect("sent");
    let mut text = Vec::new();
    wait_until(DEADLINE, "both answers are there", || {
        text.extend(http.line());
        text.iter()
            .filter(|line| line.starts_with("HTTP/1.1 200"))
            .count()
            == 2
    });
    let length = format!("content-length: {}", get.body.len());
    assert!(text.contains(&length), "{text:?}");
    assert!(!text.iter().any(|line| line.starts_with('{')), "{text:?}");
}

#[test]
fn bodies_have_an_end() {
    let stand = Stand::with(&[("PGTOKEN_BODY_TIMEOUT", "300ms")]);
    let head = |length: &str| {
        format!(
            "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/json\r\n{length}\r\n\r\n",
            bearer(ADMIN_SECRET)
        )
    };
    let send = |text: &str| {
        let mut http = stand.connect();
        http.send(text).expect("sent");
        http.receive().expect("an answer")
    };
    let declared = send(&head("Content-Length: 65537"));
    assert_eq!(declared.problem(), "413 body_too_large");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let streamed = send(&format!(
        "{}{chunk}1\r\n \r\n",
        head("Transfer-Encoding: chunked")
    ));
    assert_eq!(streamed.problem(), "413 body_too_large");
    let slow = send(&format!("{}{{", head("Content-Length: 100")));
    assert_eq!(slow.problem(), "408 body_timeout");
    let largest = format!("{{\"name\":\"{}\"}}", "x".repeat(65536 - 11));
    let large = stand.ask(
        "POST",
        "/v1/tokens",
        &[&bearer(ADMIN_SECRET), "Content-Type: application/json"],
        &largest,
    );
    assert_eq!(large.problem(), "422 invalid_value", "64 kB are allowed");
}

#[test]
fn heads_have_an_end_too() {
    let stand = Stand::with(&[("PGTOKEN_IDLE_TIMEOUT", "300ms")]);
    let mut http = stand.connect();
    // The facade may answer and close before all of it is sent.
    let _ = http.send(&format!(
        "GET /healthz HTTP/1.1\r\nX-Long: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    ));
    assert!(http.receive().map_or(true, |answer| answer.status == 431));
    let mut slow = stand.connect();
    slow.send("GET /healthz HTTP/1.1\r\nHost: ").expect("sent");
    let mut idle = stand.connect();
    idle.ask("GET", "/healthz", &[], "").expect("an answer");
    for mut connection in [slow, idle] {
        assert!(
            connection
                .receive()
                .map_or(true, |answer| answer.status == 408)
        );
    }
    assert_eq!(stand.ask("GET", "/healthz", &[], "").status, 200);
}

#[test]
fn more_connections_than_allowed_wait() {
    let stand = Stand::with(&[("PGTOKEN_MAX_CONNECTIONS", "3")]);
    let mut held: Vec<Http> = Vec::new();
    for _ in 0..2 {
        let mut http = stand.connect();
        assert_eq!(
            http.ask("GET", "/healthz", &[], "")
                .expect("an answer")
                .status,
            200
        );
        held.push(http);
    }
    let mut third = stand.connect();
    let mut fourth = stand.connect();
    third
        .send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    assert_eq!(third.receive().expect("an answer").status, 200);
    fourth
        .send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    drop(held);
    assert_eq!(
        fourth
            .receive()
            .expect("an answer, once there is room")
            .status,
        200
    );
}

#[test]
fn no_secret_is_in_the_log_whatever_is_logged() {
    let stand = Stand::with(&[("RUST_LOG", "trace")]);
    let body = json!({ "name": "a-name-that-is-nobodys-business", "user_id": "olga" });
    let issued = stand.admin("POST", "/v1/tokens", body).json();
    let token = issued["token"].as_str().expect("a text");
    stand.admin("POST", "/v1/tokens/find", json!({ "text": token }));
    stand.admin(
        "GET",
        "/v1/tokens?search=a-search-that-is-private",
        Value::Null,
    );
    stand.verify(&json!({ "token": token }));
    stand.ask("GET", "/v1/token", &[&bearer(token)], "");
    let session = stand.json(
        "POST",
        "/v1/session",
        &[],
        json!({ "secret": ADMIN_SECRET }),
    );
    let cookie = session
        .header("set-cookie")
        .split(['=', ';'])
        .nth(1)
        .expect("a value")
        .to_owned();
    stand.ask(
        "GET",
        "/v1/session",
        &[&format!("Cookie: pgtoken_session={cookie}")],
        "",
    );
    stand.bearer(
        "a-guess-by-somebody-unknown",
        "GET",
        "/v1/tokens",
        Value::Null,
    );
    let last = stand.ask("GET", "/healthz", &["X-Request-Id: the-last-one"], "");
    assert_eq!(last.status, 200);
    wait_until(DEADLINE, "everything is logged", || {
        stand.facade.log().contains("the-last-one")
    });
    let log = stand.facade.log();
    for secret in [
        token,
        ADMIN_SECRET,
        VERIFIER_SECRET,
        &cookie,
        "a-guess-by-somebody",
        "a-search-that",
        shared().password(),
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn facade_says_when_the_server_would_log_tokens() {
    let stand = Stand::new();
    let hint = "as_pgtoken_admin_pgtoken_verifier SET log_parameter_max_length = 0";
    wait_until(DEADLINE, "the log names the setting", || {
        stand.facade.log().contains(hint)
    });
    let mut client = shared().connect("postgres", "postgres");
    client
        .batch_execute(
            "create role quiet login in role pgtoken_admin;
        alter role quiet set log_parameter_max_length = 0;
        alter role quiet set log_parameter_max_length_on_error = 0",
        )
        .expect("a role");
    client
        .batch_execute(&format!(
            "alter role quiet password '{}'",
            shared().password()
        ))
        .expect("set");
    let facade = Facade::start(&stand.acme.db.url("quiet"));
    assert_eq!(facade.get("/readyz").status, 200);
    assert!(
        !facade.log().contains("log_parameter_max_length"),
        "{}",
        facade.log()
    );
}

#[test]
fn database_that_is_gone_is_503_and_heals() {
    let cluster = Cluster::start();
    let db = cluster.database();
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", db.url("postgres"))
            .env("PGTOKEN_DATABASE_TIMEOUT", "1s")
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET),
    );
    let get = || {
        ask(
            &facade.url(""),
            "GET",
            "/v1/scopes",
            &[&bearer(ADMIN_SECRET)],
            "",
        )
    };
    assert_eq!(get().status, 200, "{}", facade.log());
    cluster.stop();
    assert_eq!(get().problem(), "503 unavailable");
    cluster.start_again();
    wait_until(DEADLINE, "management works again", || get().status == 200);

    // A lock that somebody holds.
    let mut holder = db.client();
    holder
        .batch_execute("begin; lock table pgtoken.scope")
        .expect("locked");
    assert_eq!(get().problem(), "503 timeout");
    holder.batch_execute("rollback").expect("unlocked");
    assert_eq!(get().status, 200);
}

#[test]
fn what_the_facades_role_may_not_do_is_no_fault_of_the_caller() {
    let stand = Stand::new();
    let stranger = shared().login(&["pgtoken_verifier"]);
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", stand.acme.db.url(&stranger))
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET),
    );
    let answer = ask(
        &facade.url(""),
        "GET",
        "/v1/tokens",
        &[&bearer(ADMIN_SECRET)],
        "",
    );
    assert_eq!(answer.problem(), "500 internal");
    assert!(!answer.body.contains("permission"), "{answer:?}");
    let id = answer.header("x-request-id").to_owned();
    wait_until(DEADLINE, "the log says why", || {
        let log = facade.log();
        log.contains("permission denied") && log.contains(&id)
    });
}

#[test]
fn standby_says_that_it_only_reads() {
    let stand = Stand::new();
    stand.acme.db.execute(&format!(
        "alter database {} set default_transaction_read_only = on",
        stand.acme.db.name()
    ));
    let facade = Stand::facade_of(&stand.acme, &[]);
    let headers = [&*bearer(ADMIN_SECRET), "Content-Type: application/json"];
    let body = r#"{"name": "t", "user_id": "olga"}"#;
    let answer = ask(&facade.url(""), "POST", "/v1/tokens", &headers, body);
    assert_eq!(answer.problem(), "503 read_only");
    let read = ask(
        &facade.url(""),
        "GET",
        "/v1/tokens",
        &[&bearer(ADMIN_SECRET)],
        "",
    );
    assert_eq!(read.status, 200, "{read:?}");
}

#[test]
fn library_that_is_not_preloaded_is_503() {
    let cluster = Cluster::settings().without_preload().start();
    let db = cluster.database();
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", db.url("postgres"))
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET),
    );
    let answer = ask(
        &facade.url(""),
        "GET",
        "/v1/tokens",
        &[&bearer(ADMIN_SECRET)],
        "",
    );
    assert_eq!(answer.problem(), "503 unavailable");
}

#[test]
fn other_troubles_of_the_database_are_503_too() {
    let stand = Stand::new();
    let (db, name) = (&stand.acme.db, stand.acme.db.name());
    db.execute(&format!("alter database {name} set lock_timeout = '100ms'"));
    let facade = Stand::facade_of(&stand.acme, &[]);
    let get = |facade: &Facade| {
        let key = bearer(ADMIN_SECRET);
        ask(&facade.url(""), "GET", "/v1/scopes", &[&key], "")
    };
    let mut holder = db.client();
    let hold = "begin; lock table pgtoken.scope";
    holder.batch_execute(hold).expect("locked");
    assert_eq!(get(&facade).problem(), "503 busy");
    holder.batch_execute("rollback").expect("unlocked");

    db.execute(&format!("alter database {name} reset lock_timeout"));
    let facade = Stand::facade_of(&stand.acme, &[]);
    holder.batch_execute(hold).expect("locked");
    let terminated = std::thread::scope(|scope| {
        let asked = scope.spawn(|| get(&facade));
        let terminate = "select pg_terminate_backend(pid) from pg_stat_activity \
            where datname = current_database() and wait_event_type = 'Lock'";
        let mut other = db.client();
        wait_until(DEADLINE, "somebody waits for the lock", || {
            !other
                .query(terminate, &[])
                .expect("a superuser may")
                .is_empty()
        });
        asked.join().expect("no panic")
    });
    assert_eq!(terminated.problem(), "503 unavailable");
    holder.batch_execute("rollback").expect("unlocked");
    assert_eq!(get(&facade).status, 200, "the next connection is a new one");

    let role = format!("full_{name}");
    db.execute(&format!(
        "create role {role} login connection limit 0 password '{}' in role pgtoken_admin",
        shared().password()
    ));
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", db.url(&role))
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET),
    );
    assert_eq!(get(&facade).problem(), "503 unavailable");
}
