//! The documented configurations of gateways: nginx and Caddy as real servers in front of a small
//! application, Envoy and Traefik by the requests that their documentation says they send.
use pgtoken_tests::{Http, HttpAnswer, Issued, Stand, Watchdog, checkout, wait_until};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

const POLICIES: &str = r#"
[playlists]
from = "SOURCE"
scope = { read = "read", write = "write" }
path = '/p/(?<target>[^/]+)(?:/(?<zone>[^/]+))?'

[envoy]
from = "path"
scope = { read = "read", write = "write" }
path = '/p/(?<target>[^/]+)(?:/(?<zone>[^/]+))?'
"#;

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("pgtoken-gateway-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).expect("the temporary folder is writable");
        Folder(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A gateway in front of an application that answers with the head of the request it got.
struct Gateway {
    stand: Stand,
    address: String,
    process: Child,
    watchdog: Option<Watchdog>,
    _folder: Folder,
}

impl Gateway {
    fn start(file: &str, source: &str, program: impl FnOnce(&str, &Folder) -> Command) -> Gateway {
        let folder = Folder::new();
        let policies = folder.file("policies.toml", &POLICIES.replace("SOURCE", source));
        let stand = Stand::with(&[
            ("PGTOKEN_POLICIES_FILE", &policies),
            ("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1"),
        ]);
        let address = free_address();
        let shipped = std::fs::read_to_string(checkout().join("facade/gateways").join(file));
        let text = shipped
            .expect("the configuration is shipped")
            .replace(
                "127.0.0.1:8080",
                stand.facade.url("").trim_start_matches("http://"),
            )
            .replace("127.0.0.1:3000", &application())
            .replace("127.0.0.1:8000", &address);
        let configuration = folder.file(file, &text);
        let mut command = program(&configuration, &folder);
        let process = command
            .env("HOME", &folder.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; run 'make packages'"));
        let watchdog = Watchdog::arm(
            Command::new("/bin/sh"),
            "kill -TERM \"$1\"",
            &[&process.id().to_string()],
        );
        let gateway = Gateway {
            stand,
            address,
            process,
            watchdog: Some(watchdog),
            _folder: folder,
        };
        wait_until(DEADLINE, "the gateway listens", || {
            TcpStream::connect(&gateway.address).is_ok()
        });
        gateway
    }

    fn nginx() -> Gateway {
        Gateway::start("nginx.conf", "x-original-uri", |configuration, folder| {
            let mut nginx = Command::new("/usr/sbin/nginx");
            let here = folder.0.display();
            let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|name| format!("{name}_temp_path {here}/{name};"))
                .concat();
            // What a package's build puts in folders of the system goes here instead.
            let text = std::fs::read_to_string(configuration).expect("it was written");
            let text = text.replace("http {", &format!("http {{ access_log off; {temporary}"));
            std::fs::write(configuration, text).expect("written");
            let main = format!(
                "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;"
            );
            nginx.args(["-c", configuration, "-p", &here.to_string(), "-g", &main]);
            nginx
        })
    }

    fn caddy() -> Gateway {
        Gateway::start("Caddyfile", "x-forwarded-uri", |configuration, _| {
            let mut caddy = Command::new("caddy");
            caddy.args(["run", "--config", configuration, "--adapter", "caddyfile"]);
            caddy
        })
    }

    fn ask(&self, method: &str, target: &str, headers: &[&str]) -> HttpAnswer {
        let mut http = Http::connect(&self.address).expect("the gateway listens");
        http.ask(method, target, headers, "").expect("an answer")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.watchdog.take());
        let _ = self.process.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// Answers each request with its own head, in lower case.
fn application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || echo(stream));
        }
    });
    address
}

fn echo(stream: TcpStream) {
    let mut head = String::new();
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
        head.push_str(&line.to_ascii_lowercase());
        head.push('\n');
    }
    let length = head.len();
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{head}");
    let _ = (&stream).write_all(answer.as_bytes());
}

fn issue(stand: &mut Stand, arguments: &str) -> Issued {
    stand.acme.issue(&format!(
        "name => 't', user_id => 'olga', workspace_id => 'acme', {arguments}"
    ))
}

/// Everything that a gateway has to do, asked of a running one.
fn assert_guards(mut gateway: Gateway) {
    let reader = issue(&mut gateway.stand, "scope => 'read'");
    let zoned = issue(
        &mut gateway.stand,
        r#"scope => 'agency', grants => '{"windows": ["ticker"]}'"#,
    );
    let revoked = issue(&mut gateway.stand, "scope => 'read'");
    gateway.stand.acme.row(&format!(
        "select id from pgtoken.revoke_token('{}')",
        revoked.id
    ));
    let bearer = |token: &Issued| format!("Authorization: Bearer {}", token.text);
    let (good, ended, confined) = (bearer(&reader), bearer(&revoked), bearer(&zoned));

    let spoofed = [
        good.as_str(),
        "X-User-Id: root",
        "X-Token-Id: 1",
        "X-Token-Zone: everything",
        "X-Token-Expires-At: never",
        "X-Workspace-Id: globex",
        "X-Forwarded-Uri: /p/lobby",
        "X-Forwarded-Method: GET",
        "X-Original-URI: /p/lobby",
        "X-Original-Method: GET",
    ];
    let allowed = gateway.ask("GET", "/p/windows?x=y", &spoofed);
    assert_eq!(
        allowed.status,
        200,
        "{allowed:?}\n{}",
        gateway.stand.facade.log()
    );
    let head = &allowed.body;
    assert!(head.starts_with("get /p/windows?x=y http/1.1\n"), "{head}");
    for line in [
        "x-user-id: olga",
        "x-workspace-id: acme",
        "x-token-target: windows",
        "x-token-scope: read",
    ] {
        assert_eq!(head.matches(line).count(), 1, "{line}: {head}");
    }
    for spoof in [
        "root",
        "everything",
        "never",
        "globex",
        "x-token-id: 1\n",
        "authorization",
        "x-api-key",
        "bearer",
    ] {
        assert!(!head.contains(spoof), "{spoof}: {head}");
    }
    let key = format!("X-API-Key: {}", reader.text);
    assert!(
        !gateway
            .ask("GET", "/p/windows", &[&key])
            .body
            .contains("x-api-key")
    );

    let missing = gateway.ask("GET", "/p/windows", &[]);
    assert_eq!(missing.status, 401);
    assert_eq!(
        missing.header("www-authenticate"),
        "Bearer realm=\"pgtoken\""
    );
    let invalid = gateway.ask("GET", "/p/windows", &[&ended]);
    assert_eq!(invalid.status, 401);
    assert!(invalid.header("www-authenticate").contains("invalid_token"));
    let insufficient = gateway.ask(
        "POST",
        "/p/windows",
        &[&good, "X-Forwarded-Method: GET", "Content-Length: 0"],
    );
    assert_eq!(insufficient.status, 403);
    for (target, status) in [
        ("/p/windows/main", 403),
        ("/p/windows?scope=none&target=lobby", 403),
        ("/p/roof?target=windows", 403),
        ("/p/windows%26target=lobby", 403),
        ("/p/lobby/../windows", 403),
        ("/p/lobby%2f..%2fwindows", 403),
        ("/elsewhere", 403),
    ] {
        assert_eq!(
            gateway.ask("GET", target, &[&confined]).status,
            status,
            "{target}"
        );
    }
    assert_eq!(
        gateway.ask("GET", "/p/windows?scope=none", &[&good]).status,
        200
    );
    assert_eq!(
        gateway
            .ask("GET", "/p/roof?target=windows", &[&good])
            .status,
        403
    );

    let name = gateway.stand.acme.db.name().to_owned();
    let mut postgres = pgtoken_tests::shared().connect("postgres", "postgres");
    let cut = format!(
        "alter database {name} allow_connections false;
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    );
    postgres.simple_query(&cut).expect("cut off");
    let undecided = gateway.ask("GET", "/p/windows", &[&good]);
    assert_eq!(undecided.status, 503, "{undecided:?}");
    postgres
        .simple_query(&format!("alter database {name} allow_connections true"))
        .expect("back");
    wait_until(DEADLINE, "the gateway lets in again", || {
        gateway.ask("GET", "/p/windows", &[&good]).status == 200
    });
}

#[test]
fn nginx_guards_an_application() {
    assert_guards(Gateway::nginx());
}

#[test]
fn caddy_guards_an_application() {
    assert_guards(Gateway::caddy());
}

fn stand_with_policies() -> Stand {
    let folder = Folder::new();
    let policies = folder.file(
        "policies.toml",
        &POLICIES.replace("SOURCE", "x-forwarded-uri"),
    );
    Stand::with(&[
        ("PGTOKEN_POLICIES_FILE", &policies),
        ("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1"),
    ])
}

fn replay(stand: &Stand, request: &str) -> HttpAnswer {
    let mut http = stand.connect();
    http.send(&request.trim_start().replace('\n', "\r\n"))
        .expect("sent");
    http.receive().expect("an answer")
}

/// What ext_authz over HTTP sends: the client's method, path_prefix with the client's path and query
/// appended, `content-length: 0`, and of the client's headers those that are allowed.
#[test]
fn requests_of_envoy_are_decided_by_the_policy_alone() {
    let mut stand = stand_with_policies();
    let token = issue(&mut stand, "scope => 'read'");
    let envoy = |method: &str, target: &str| {
        let request = format!(
            "
{method} /v1/forward-auth/envoy{target} HTTP/1.1
host: 127.0.0.1:8080
content-length: 0
authorization: Bearer {}
x-forwarded-for: 198.51.100.7
x-envoy-internal: true
x-request-id: 5a0d1b2c-1111-4222-8333-444455556666

",
            token.text
        );
        replay(&stand, &request)
    };
    let allowed = envoy("GET", "/p/windows/main?scope=full&x=%26target%3Droof");
    assert_eq!(allowed.status, 200, "{allowed:?}");
    assert_eq!(allowed.header("x-token-zone"), "main");
    assert_eq!(allowed.header("x-token-target"), "windows");
    assert_eq!(allowed.header("x-token-expires-at"), "");
    for (method, target) in [
        ("POST", "/p/windows"),
        ("POST", "/p/windows?scope=read"),
        ("GET", "/p/windows/none"),
        ("GET", "/p/windows%26target=lobby"),
        ("GET", "/p/roof?target=windows"),
        ("GET", "?scope=read"),
        ("GET", "/"),
        ("GET", "//p/windows"),
        ("GET", "/../playlists/p/windows"),
    ] {
        let denied = envoy(method, target);
        assert_eq!(denied.status, 403, "{method} {target}: {denied:?}");
        assert!(
            denied
                .header("www-authenticate")
                .contains("insufficient_scope")
        );
    }
}

/// What forwardAuth sends: GET to the address as configured, the client's headers, and its own
/// X-Forwarded-Method, -Proto, -Host, -Uri and -For.
#[test]
fn requests_of_traefik_are_decided_by_its_own_headers() {
    let mut stand = stand_with_policies();
    let token = issue(&mut stand, "scope => 'read'");
    let traefik = |method: &str, uri: &str| {
        let request = format!(
            "
GET /v1/forward-auth/playlists HTTP/1.1
Host: 127.0.0.1:8080
User-Agent: curl/8.0
Accept: */*
Authorization: Bearer {}
X-User-Id: root
X-Forwarded-For: 198.51.100.7
X-Forwarded-Host: app.example
X-Forwarded-Method: {method}
X-Forwarded-Port: 443
X-Forwarded-Proto: https
X-Forwarded-Server: traefik
X-Forwarded-Uri: {uri}
X-Real-Ip: 198.51.100.7
Accept-Encoding: gzip

",
            token.text
        );
        replay(&stand, &request)
    };
    let allowed = traefik("GET", "/p/windows/ticker?scope=full");
    assert_eq!(allowed.status, 200, "{allowed:?}");
    assert_eq!(allowed.header("x-user-id"), "olga");
    assert_eq!(allowed.header("x-token-zone"), "ticker");
    for (method, uri) in [
        ("DELETE", "/p/windows"),
        ("GET", "/p/windows/none"),
        ("GET", "/p/windows%26target=lobby"),
        ("GET", "/p/roof?target=windows"),
    ] {
        assert_eq!(traefik(method, uri).status, 403, "{method} {uri}");
    }
}
