//! One test's database.
use crate::cluster::Cluster;
use crate::error::{SqlError, describe, error_of};
use crate::program::{bindir, complaint};
use postgres::Client;
use postgres::types::{FromSqlOwned, ToSql};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// A database that is dropped with this value.
pub struct Database<'cluster> {
    cluster: &'cluster Cluster,
    name: String,
}

impl<'cluster> Database<'cluster> {
    pub(crate) fn create(cluster: &'cluster Cluster, template: &str) -> Database<'cluster> {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        cluster.superuser(
            "postgres",
            &format!("create database {name} template {template}"),
        );
        Database { cluster, name }
    }

    pub(crate) fn named(cluster: &'cluster Cluster, name: &str) -> Database<'cluster> {
        let name = name.to_owned();
        Database { cluster, name }
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster that it is in.
    pub fn cluster(&self) -> &'cluster Cluster {
        self.cluster
    }

    /// A connection as superuser.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.cluster.connect(&self.name, "postgres")
    }

    /// A connection as a login role that is a member of `role` and of nothing else.
    #[track_caller]
    pub fn client_as(&self, role: &str) -> Client {
        self.cluster
            .connect(&self.name, &self.cluster.login(&[role]))
    }

    /// A connection as a login role that nothing was granted to.
    #[track_caller]
    pub fn client_as_stranger(&self) -> Client {
        self.cluster.connect(&self.name, &self.cluster.login(&[]))
    }

    /// Runs statements as superuser.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        self.cluster.superuser(&self.name, sql);
    }

    /// The only column of the only row of a query as superuser.
    #[track_caller]
    pub fn value<T: FromSqlOwned>(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> T {
        let row = self.client().query_one(sql, parameters);
        row.unwrap_or_else(|error| panic!("{sql}: {}", describe(&error)))
            .get(0)
    }

    /// The error that a statement raises when a superuser runs it.
    #[track_caller]
    pub fn error(&self, sql: &str) -> SqlError {
        error_of(self.client().simple_query(sql))
    }

    /// The SQLSTATE that a statement fails with, or `00000`.
    #[track_caller]
    pub fn sqlstate(&self, sql: &str) -> String {
        let result = self.client().simple_query(sql);
        if result.is_ok() {
            "00000".to_owned()
        } else {
            error_of(result).code
        }
    }

    /// Runs a script in psql as superuser and returns what it prints: unaligned, tuples only.
    #[track_caller]
    pub fn psql(&self, script: &str) -> String {
        let output = self.run_psql(script);
        assert!(
            output.status.success(),
            "psql failed: {}\n{script}",
            complaint(&output)
        );
        String::from_utf8(output.stdout).expect("psql prints UTF-8")
    }

    /// Runs a script in psql that has to fail, and returns its complaint.
    #[track_caller]
    pub fn psql_error(&self, script: &str) -> String {
        let output = self.run_psql(script);
        assert!(
            !output.status.success(),
            "psql should have failed\n{script}"
        );
        complaint(&output)
    }

    /// A program of PostgreSQL such as `pg_dump`, with an environment that leads here as superuser.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(bindir().join(name));
        self.lead_here(&mut command);
        command
    }

    /// Sets the variables of libpq so that a program connects to this database as superuser.
    pub fn lead_here(&self, command: &mut Command) {
        command
            .env("PGHOST", self.cluster.folder())
            .env("PGPORT", self.cluster.port().to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", &self.name);
    }

    /// The address of this database for programs that take a URL, as a role that can log in: `postgres`, or
    /// one that [`Cluster::login`] returned.
    pub fn url(&self, role: &str) -> String {
        let (password, port) = (self.cluster.password(), self.cluster.port());
        format!(
            "postgres://{role}:{password}@127.0.0.1:{port}/{}",
            self.name
        )
    }

    #[track_caller]
    fn run_psql(&self, script: &str) -> Output {
        let mut psql = self.program("psql");
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1"]);
        psql.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = psql.spawn().expect("psql starts");
        let mut input = child.stdin.take().expect("stdin is piped");
        // Written by a thread of its own, while this one reads: either pipe may fill up.
        let script = script.to_owned();
        let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
        let output = child.wait_with_output().expect("psql ends");
        // psql stops reading at the first error; its exit status says so.
        let _ = writer.join();
        output
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // The server may be stopped, and its folder is going to be removed anyway.
        if let Ok(mut client) = self.cluster.try_connect("postgres", "postgres") {
            let _ = client.batch_execute(&format!(
                "drop database if exists {} with (force)",
                self.name
            ));
        }
    }
}
