//! A throw-away PostgreSQL cluster.
use crate::database::Database;
use crate::error::describe;
use crate::server::Server;
use crate::telltale::TELLTALE_SETTINGS;
use postgres::{Client, Config, NoTls};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The cluster that the tests of one binary share: for tests that leave settings alone and never
/// restart the server. Roles are seen by all of them; databases are each test's own.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

/// What a cluster is started with.
pub struct Settings {
    lines: Vec<(String, String)>,
}

impl Settings {
    /// A line of postgresql.conf; it overrides what went before.
    pub fn with(mut self, name: &str, value: &str) -> Settings {
        self.lines.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the library in `shared_preload_libraries`.
    pub fn without_preload(self) -> Settings {
        self.with("shared_preload_libraries", "")
    }

    /// With writes that survive a crash of the machine, for benchmarks and crash tests.
    pub fn durable(self) -> Settings {
        self.with("fsync", "on").with("full_page_writes", "on")
    }

    /// With everything in the server's log that can be there.
    pub fn telltale(mut self) -> Settings {
        for (name, value) in TELLTALE_SETTINGS {
            self = self.with(name, value);
        }
        self
    }

    /// Starts a cluster with these settings.
    pub fn start(self) -> Cluster {
        let cluster = Cluster {
            server: Server::start(&self.lines),
            template: OnceLock::new(),
            logins: Mutex::new(HashSet::new()),
            password: uuid::Uuid::new_v4().to_string(),
        };
        cluster.superuser(
            "postgres",
            &format!("alter role postgres password '{}'", cluster.password),
        );
        cluster
    }

    /// Starts a standby of another cluster with these settings; its roles and databases are those of the other.
    pub(crate) fn follow(self, primary: &Cluster) -> Cluster {
        Cluster::like(primary, Server::follow(&primary.server, &self.lines))
    }

    /// Starts a cluster with these settings from a base backup of another.
    pub fn copy(self, original: &Cluster) -> Cluster {
        Cluster::like(original, Server::copy(&original.server, &self.lines))
    }
}

/// A running server with a folder and a port of its own; dropping it removes both.
pub struct Cluster {
    server: Server,
    template: OnceLock<()>,
    logins: Mutex<HashSet<String>>,
    password: String,
}

/// The database with the extension that [`Cluster::database`] copies.
const TEMPLATE: &str = "pgtoken_template";

impl Cluster {
    /// Starts a cluster with the library preloaded.
    pub fn start() -> Cluster {
        Cluster::settings().start()
    }

    /// Small, fast and careless of power cuts, to be changed before [`Settings::start`].
    pub fn settings() -> Settings {
        Settings { lines: Vec::new() }
            .with("shared_preload_libraries", "pgtoken")
            .with("fsync", "off")
            .with("full_page_writes", "off")
            .with("shared_buffers", "32MB")
            .with("max_connections", "200")
            .with("max_wal_size", "256MB")
            .with("timezone", "UTC")
    }

    fn like(original: &Cluster, server: Server) -> Cluster {
        Cluster {
            server,
            template: OnceLock::new(),
            logins: Mutex::new(HashSet::new()),
            password: original.password.clone(),
        }
    }

    /// A new database with the extension.
    pub fn database(&self) -> Database<'_> {
        self.template.get_or_init(|| {
            self.superuser("postgres", &format!("create database {TEMPLATE}"));
            self.superuser(TEMPLATE, "create extension pgtoken");
        });
        Database::create(self, TEMPLATE)
    }

    /// A database of this name, which something else creates or has created; it is dropped with the value.
    pub fn named_database(&self, name: &str) -> Database<'_> {
        Database::named(self, name)
    }

    /// A new database without the extension.
    pub fn empty_database(&self) -> Database<'_> {
        Database::create(self, "template1")
    }

    /// A new cluster with what is in this one, by pg_upgrade; this one is stopped.
    pub fn upgrade(&self) -> Cluster {
        let upgraded = Cluster::start();
        self.stop();
        upgraded.stop();
        self.server.upgrade(&upgraded.server);
        upgraded.start_again();
        upgraded
    }

    /// Stops the server in good order; clients are disconnected.
    pub fn stop(&self) {
        self.server.stop("fast");
    }

    /// Starts the server after [`Cluster::stop`], [`Cluster::crash`] or [`Cluster::kill`].
    pub fn start_again(&self) {
        self.server.start_again();
    }

    /// Restarts the server in good order.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Stops the server as a power cut would: nothing in memory is saved.
    pub fn crash(&self) {
        self.server.stop("immediate");
    }

    /// Kills the server's first process; [`Cluster::start_again`] finds a server that has crashed.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The folder of the cluster: the Unix socket is in it, the data is in `data`.
    pub fn folder(&self) -> &Path {
        &self.server.folder
    }

    /// Where this cluster's own copy of the extension has its control file and scripts.
    pub fn extension_folder(&self) -> PathBuf {
        self.server.extension_folder()
    }

    /// Installs the extension of the checkout anew into this cluster's own copy.
    pub fn install_extension(&self) {
        self.server.install_extension();
    }

    /// The password of every login role, for connections over TCP; the socket, in a folder that
    /// others cannot enter, asks for none.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Connects as any role to any database.
    #[track_caller]
    pub fn connect(&self, database: &str, role: &str) -> Client {
        self.try_connect(database, role).unwrap_or_else(|error| {
            panic!("connecting as {role} to {database}: {}", describe(&error))
        })
    }

    /// Connects as any role to any database; the server may be stopped or refuse.
    pub fn try_connect(&self, database: &str, role: &str) -> Result<Client, postgres::Error> {
        Config::new()
            .host_path(self.folder())
            .port(self.port())
            .dbname(database)
            .user(role)
            .connect(NoTls)
    }

    /// The name of a role that can log in and is a member of `groups` alone; created at first use.
    pub fn login(&self, groups: &[&str]) -> String {
        let name = if groups.is_empty() {
            "stranger".to_owned()
        } else {
            format!("as_{}", groups.join("_"))
        };
        // A panic elsewhere says nothing about this set; and concurrent GRANTs on one role collide.
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if !logins.contains(&name) {
            self.superuser(
                "postgres",
                &format!("create role {name} login password '{}'", self.password),
            );
            for group in groups {
                self.superuser("postgres", &format!("grant {group} to {name}"));
            }
            logins.insert(name.clone());
        }
        name
    }

    #[track_caller]
    pub(crate) fn superuser(&self, database: &str, sql: &str) {
        self.connect(database, "postgres")
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {}", describe(&error)));
    }
}
