//! The facade: starting, answering, surviving the database, stopping.
use pgtoken_tests::{Cluster, Facade, Http, agent, shared, wait_until};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// An address where nothing answers.
const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nowhere";

#[test]
fn facade_is_healthy_and_ready_with_the_rights_of_a_verifier() {
    let db = shared().database();
    let facade = Facade::start(&db.url(&shared().login(&["pgtoken_verifier"])));
    assert_eq!(facade.get("/healthz").status, 200);
    assert_eq!(facade.get("/readyz").status, 200, "{}", facade.log());
}

#[test]
fn facade_is_healthy_but_not_ready_without_a_database() {
    let facade = Facade::start(NOWHERE);
    assert_eq!(facade.get("/healthz").status, 200);
    let reply = facade.get("/readyz");
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.json()["code"], "unavailable");
    assert_eq!(reply.json()["status"], 503);
    let request_id = reply.json()["request_id"]
        .as_str()
        .expect("a string")
        .to_owned();
    wait_until(DEADLINE, "the request is in the log", || {
        facade.log().contains(&request_id)
    });
}

#[test]
fn facade_is_not_ready_without_the_extension() {
    let db = shared().empty_database();
    let facade = Facade::start(&db.url("postgres"));
    assert_eq!(facade.get("/readyz").status, 503);
}

#[test]
fn facade_heals_when_the_database_comes_back() {
    let cluster = Cluster::start();
    let db = cluster.database();
    let facade = Facade::start(&db.url("postgres"));
    assert_eq!(facade.get("/readyz").status, 200, "{}", facade.log());
    cluster.stop();
    assert_eq!(facade.get("/readyz").status, 503);
    cluster.start_again();
    wait_until(DEADLINE, "the facade is ready again", || {
        facade.get("/readyz").status == 200
    });
}

#[test]
fn unknown_path_is_a_problem() {
    let reply = Facade::start(NOWHERE).get("/nothing");
    assert_eq!(reply.status, 404);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.json()["code"], "not_found");
}

#[test]
fn wrong_method_is_a_problem_that_lists_the_right_ones() {
    let facade = Facade::start(NOWHERE);
    let reply = agent()
        .delete(facade.url("/healthz"))
        .call()
        .expect("an answer");
    assert_eq!(reply.status(), 405);
    assert_eq!(reply.headers()["allow"], "GET, HEAD");
}

#[test]
fn facade_speaks_http_2_without_tls() {
    let facade = Facade::start(NOWHERE);
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "--http2-prior-knowledge",
        "-o",
        "/dev/null",
        "-w",
        "%{http_version} %{http_code}",
    ]);
    let output = curl
        .arg(facade.url("/healthz"))
        .output()
        .expect("curl starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 200");
}

#[test]
fn termination_lets_requests_finish() {
    let secret = "a-1f0c8b7e5d2943668f4b0a7c9e3d1526";
    let mut facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", NOWHERE)
            .env("PGTOKEN_ADMIN_SECRET", secret),
    );
    // The answer to Expect says that the facade waits for the body.
    let mut client = Http::connect(&facade.url("")).expect("the facade listens");
    client
        .send(&format!(
            "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\
             Content-Type: application/json\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
        ))
        .expect("sent");
    assert_eq!(client.receive().expect("an answer").status, 100);
    facade.terminate();
    wait_until(DEADLINE, "the port is closed", || {
        facade.try_get("/healthz").is_err()
    });
    client.send("{").expect("sent");
    let answer = client
        .receive()
        .expect("an answer, not a broken connection");
    assert_eq!(answer.status, 400);
    assert!(facade.wait().success());
    wait_until(DEADLINE, "the last line is logged", || {
        facade.log().contains("stopped")
    });
}

#[test]
fn the_preface_of_http_2_may_come_in_pieces() {
    let facade = Facade::start(NOWHERE);
    let mut stream = raw(&facade);
    // RFC 9113, 3.4, with an empty SETTINGS frame behind it; the first piece could be that of a POST.
    for piece in [
        &b"P"[..],
        b"RI * HT",
        b"TP/2.0\r\n\r\nSM\r\n\r\n",
        &[0, 0, 0, 4, 0, 0, 0, 0, 0],
    ] {
        stream.write_all(piece).expect("sent");
        stream.flush().expect("sent");
    }
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).expect("a frame");
    assert_eq!(frame[3], 4, "the server's own SETTINGS come first");
}

#[test]
fn a_post_may_come_a_byte_at_a_time() {
    let facade = Facade::start(NOWHERE);
    let mut stream = raw(&facade);
    for byte in b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n" {
        stream.write_all(&[*byte]).expect("sent");
    }
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 405");
}

#[test]
fn connections_that_say_nothing_do_not_delay_the_end() {
    let mut facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", NOWHERE)
            .env("PGTOKEN_DRAIN_TIMEOUT", "1 h"),
    );
    let _silent = raw(&facade);
    let mut answered = Http::connect(&facade.url("")).expect("the facade listens");
    let answer = answered.ask("GET", "/healthz", &[], "").expect("an answer");
    assert_eq!(answer.status, 200);
    facade.terminate();
    assert!(facade.wait().success());
}

#[test]
fn facade_refuses_a_bad_configuration_before_it_opens_a_port() {
    let good = ("PGTOKEN_DATABASE_URL", NOWHERE);
    let database = |url: &'static str| {
        [
            ("PGTOKEN_DATABASE_URL", url),
            ("PGTOKEN_LISTEN", "127.0.0.1:0"),
        ]
    };
    let cases = [
        (
            [
                ("PGTOKEN_DATABASE_URL", ""),
                ("PGTOKEN_LISTEN", "127.0.0.1:0"),
            ],
            "PGTOKEN_DATABASE_URL: is not a URL",
        ),
        (
            database("host=localhost"),
            "PGTOKEN_DATABASE_URL: is not a URL",
        ),
        (
            database("postgres://a:secret@h:port/d"),
            "PGTOKEN_DATABASE_URL: invalid connection string",
        ),
        (
            database("postgres://a:secret@h/d?sslmode=maybe"),
            "PGTOKEN_DATABASE_URL: sslmode is `maybe`",
        ),
        (
            database("postgres://a:secret@h/d?sslmode=verify-full&sslrootcert=%2Fno.pem"),
            "PGTOKEN_DATABASE_URL: sslrootcert /no.pem: ",
        ),
        (
            [good, ("PGTOKEN_LISTEN", "here")],
            "PGTOKEN_LISTEN: `here` is not an address",
        ),
    ];
    for (environment, why) in cases {
        let complaint = refusal(Facade::program().envs(environment));
        assert!(
            complaint.starts_with(&format!("pgtoken-facade: {why}")),
            "{complaint}"
        );
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
        assert!(!complaint.contains("secret"), "{complaint}");
    }
}

#[test]
fn facade_refuses_to_start_without_a_database_url() {
    assert!(refusal(&mut Facade::program()).contains("PGTOKEN_DATABASE_URL: is not set"));
}

#[test]
fn facade_refuses_unknown_flags() {
    assert!(refusal(Facade::program().arg("--liste")).contains("'--liste'"));
}

#[test]
fn flag_comes_before_environment_and_environment_before_dotenv() {
    let folder = std::env::temp_dir().join(format!("pgtoken-dotenv-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("the temporary folder is writable");
    let dotenv = format!("PGTOKEN_DATABASE_URL={NOWHERE}\nPGTOKEN_LISTEN=dotenv\n");
    std::fs::write(folder.join(".env"), dotenv).expect("written");
    let program = || {
        let mut program = Facade::program();
        program.current_dir(&folder);
        program
    };
    let by_dotenv = refusal(&mut program());
    let by_environment = refusal(program().env("PGTOKEN_LISTEN", "environment"));
    let by_flag = refusal(
        program()
            .env("PGTOKEN_LISTEN", "environment")
            .args(["--listen", "flag"]),
    );
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(by_dotenv.contains("`dotenv`"), "{by_dotenv}");
    assert!(by_environment.contains("`environment`"), "{by_environment}");
    assert!(by_flag.contains("`flag`"), "{by_flag}");
}

#[test]
fn checking_the_configuration_opens_no_port() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let status = Facade::program()
        .args([
            "--check-config",
            "--database-url",
            NOWHERE,
            "--listen",
            &address,
        ])
        .status()
        .expect("the facade is built");
    assert!(status.success());
}

#[test]
fn help_names_every_variable() {
    let output = Facade::program()
        .arg("--help")
        .output()
        .expect("the facade is built");
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert!(
        help.contains("PGTOKEN_DATABASE_URL") && help.contains("PGTOKEN_LISTEN"),
        "{help}"
    );
}

/// The one line that the facade gives up with, with the exit code of a bad configuration.
/// A socket to the facade, each write a packet of its own.
fn raw(facade: &Facade) -> TcpStream {
    let stream =
        TcpStream::connect(facade.url("").trim_start_matches("http://")).expect("it listens");
    stream.set_nodelay(true).expect("an open socket");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    stream
}

fn refusal(program: &mut Command) -> String {
    let output = program.output().expect("the facade is built");
    assert_eq!(output.status.code(), Some(64));
    String::from_utf8_lossy(&output.stderr).into_owned()
}
