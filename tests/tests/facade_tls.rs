//! TLS between the facade and PostgreSQL: each `sslmode` promises what it does for libpq.
use pgtoken_tests::{Cluster, Database, Facade};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A cluster whose certificate names `localhost`, though it is reached as 127.0.0.1.
struct Server {
    cluster: Cluster,
    authority: Authority,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let cluster = Cluster::start();
        let authority = authority();
        serve_certificate(&cluster, &authority);
        Server { cluster, authority }
    })
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, key()).expect("a certificate")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// The server itself writes the files: the key must be its user's own, and private.
fn serve_certificate(cluster: &Cluster, authority: &Authority) {
    let key = key();
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let data = cluster.folder().join("data");
    let db = cluster.empty_database();
    for (name, pem) in [
        ("server.crt", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        let program = format!("umask 077; cat > \"{}\"", data.join(name).display());
        // One row per line: COPY escapes line ends within a value.
        let lines = format!(
            "select line from string_to_table('{}', e'\\n') line",
            pem.trim_end()
        );
        db.execute(&format!("copy ({lines}) to program '{program}'"));
    }
    db.execute("alter system set ssl = on");
    cluster.restart();
}

/// A file with the certificate of an authority, in the cluster's folder.
fn file_of(authority: &Authority) -> PathBuf {
    let name = format!("root-{}.pem", uuid::Uuid::new_v4());
    let path = server().cluster.folder().join(name);
    fs::write(&path, authority.pem()).expect("the folder is writable");
    path
}

/// Whether a facade reaches the database at `host` with these parameters.
fn reaches(db: &Database<'_>, host: &str, parameters: &str) -> bool {
    let url = db.url("postgres").replace("127.0.0.1", host);
    Facade::start(&format!("{url}?{parameters}"))
        .get("/readyz")
        .status
        == 200
}

#[test]
fn require_encrypts_whoever_signed_the_certificate() {
    let db = server().cluster.database();
    let facade = Facade::start(&format!("{}?sslmode=require", db.url("postgres")));
    assert_eq!(facade.get("/readyz").status, 200, "{}", facade.log());
    let encrypted = "select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) \
                     where application_name = 'pgtoken-facade' and datname = current_database()";
    assert!(db.value::<bool>(encrypted, &[]));
}

#[test]
fn disable_does_not_encrypt() {
    let db = server().cluster.database();
    let facade = Facade::start(&format!("{}?sslmode=disable", db.url("postgres")));
    assert_eq!(facade.get("/readyz").status, 200, "{}", facade.log());
    let encrypted = "select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) \
                     where application_name = 'pgtoken-facade' and datname = current_database()";
    assert!(!db.value::<bool>(encrypted, &[]));
}

#[test]
fn require_refuses_a_server_without_tls() {
    let cluster = Cluster::start();
    let db = cluster.database();
    assert!(reaches(&db, "127.0.0.1", "sslmode=prefer"));
    assert!(!reaches(&db, "127.0.0.1", "sslmode=require"));
}

#[test]
fn verify_full_asks_for_the_authority_and_the_name() {
    let db = server().cluster.database();
    let (right, wrong) = (file_of(&server().authority), file_of(&authority()));
    let with = |root: &PathBuf| format!("sslmode=verify-full&sslrootcert={}", root.display());
    assert!(reaches(&db, "localhost", &with(&right)));
    assert!(!reaches(&db, "127.0.0.1", &with(&right)));
    assert!(!reaches(&db, "localhost", &with(&wrong)));
}

#[test]
fn verify_ca_asks_for_the_authority_alone() {
    let db = server().cluster.database();
    let (right, wrong) = (file_of(&server().authority), file_of(&authority()));
    let with = |root: &PathBuf| format!("sslmode=verify-ca&sslrootcert={}", root.display());
    assert!(reaches(&db, "127.0.0.1", &with(&right)));
    assert!(!reaches(&db, "127.0.0.1", &with(&wrong)));
}

#[test]
fn require_with_an_authority_asks_for_it_as_libpq_does() {
    let db = server().cluster.database();
    let wrong = file_of(&authority());
    assert!(!reaches(
        &db,
        "127.0.0.1",
        &format!("sslmode=require&sslrootcert={}", wrong.display())
    ));
}
