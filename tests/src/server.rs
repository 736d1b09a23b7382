//! The server process: its folder, its port, starting and stopping it.
use crate::program::{
    as_owner, bindir, checkout, complaint, folder, is_root, output_of, pg_config, run, target,
};
use crate::telltale::{TELLTALE, TELLTALE_SETTINGS, log_file};
use crate::wait::wait_until;
use crate::watchdog::Watchdog;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A PostgreSQL server with a folder of its own, which holds its data, its socket, its log, and
/// copies of the extension's files: the server's user may be unable to enter the checkout.
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    log: PathBuf,
    _watchdog: Watchdog,
}

impl Server {
    /// Creates a cluster and starts it with the given lines of configuration.
    pub(crate) fn start(configuration: &[(String, String)]) -> Server {
        Server::start_with(configuration, |data| {
            run(as_owner(bindir().join("initdb"))
                .args([
                    "--no-sync",
                    "--auth-local=trust",
                    "--auth-host=scram-sha-256",
                ])
                .args([
                    "--username=postgres",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "-D",
                ])
                .arg(data));
        })
    }

    /// Copies a running cluster and starts the copy as a standby with the given lines of configuration.
    pub(crate) fn follow(primary: &Server, configuration: &[(String, String)]) -> Server {
        Server::start_with(configuration, |data| {
            primary.base_backup(data);
            fs::write(data.join("standby.signal"), "").expect("the new cluster is writable");
        })
    }

    /// Copies a running cluster and starts the copy as a server of its own.
    pub(crate) fn copy(original: &Server, configuration: &[(String, String)]) -> Server {
        Server::start_with(configuration, |data| original.base_backup(data))
    }

    /// A base backup of this server in a new folder.
    fn base_backup(&self, data: &Path) {
        run(as_owner(bindir().join("pg_basebackup"))
            .args(["--no-sync", "--checkpoint=fast", "--username=postgres"])
            .arg("--host")
            .arg(&self.folder)
            .arg(format!("--port={}", self.port))
            .arg("-D")
            .arg(data));
    }

    fn start_with(configuration: &[(String, String)], create: impl FnOnce(&Path)) -> Server {
        let folder =
            std::env::temp_dir().join(format!("pgtoken-test-{}", uuid::Uuid::new_v4().simple()));
        run(Command::new("mkdir").args(["-m", "700"]).arg(&folder));
        hand_over(&folder);
        let watchdog = Watchdog::arm(
            as_owner("/bin/sh"),
            REMOVE,
            &[&utf8(bindir()), &utf8(&folder)],
        );

        install_extension(&folder.join("install"));
        create(&folder.join("data"));
        configure(&folder, configuration);
        let kept = log_file("server");
        let log = kept.unwrap_or_else(|| folder.join("server.log"));
        let port = start_on_a_free_port(&folder, &log);
        Server {
            folder,
            port,
            log,
            _watchdog: watchdog,
        }
    }

    /// Starts the server again on its port.
    pub(crate) fn start_again(&self) {
        if let Err(log) = try_start(&self.folder, &self.log, self.port) {
            panic!("the server does not start again:\n{log}");
        }
    }

    /// Stops the server in one of the modes of pg_ctl.
    pub(crate) fn stop(&self, mode: &str) {
        run(pg_ctl(&self.folder).args(["stop", "-w", "-m", mode]));
    }

    /// Kills the postmaster as the kernel does when memory is short, and waits until the processes that it leaves have
    /// ended by themselves: they hold the shared memory that the next one needs.
    pub(crate) fn kill(&self) {
        let data = self.folder.join("data");
        let file = fs::read_to_string(data.join("postmaster.pid")).expect("the server runs");
        let postmaster = file.lines().next().expect("a process id");
        run(Command::new("kill").args(["-KILL", postmaster]));
        let process = Path::new("/proc").join(postmaster);
        wait_until(DEADLINE, "the processes of the server end", || {
            !process.exists() && !is_at_work_in(&data)
        });
    }

    /// Moves what is in this server into a new one, by pg_upgrade. Both are stopped.
    pub(crate) fn upgrade(&self, to: &Server) {
        let mut pg_upgrade = as_owner(bindir().join("pg_upgrade"));
        // It writes its log where it stands.
        pg_upgrade.current_dir(&to.folder);
        pg_upgrade.arg("-b").arg(bindir()).arg("-B").arg(bindir());
        pg_upgrade.arg("-d").arg(self.folder.join("data"));
        pg_upgrade.arg("-D").arg(to.folder.join("data"));
        pg_upgrade.args(["-p", &self.port.to_string(), "-P", &to.port.to_string()]);
        run(pg_upgrade.arg("-s").arg(&to.folder).arg("--no-sync"));
    }

    pub(crate) fn extension_folder(&self) -> PathBuf {
        let share = utf8(&folder("--sharedir"));
        let install = self.folder.join("install");
        install
            .join(share.trim_start_matches('/'))
            .join("extension")
    }

    pub(crate) fn install_extension(&self) {
        install_extension(&self.folder.join("install"));
    }

    pub(crate) fn log(&self) -> String {
        log_of(&self.log)
    }
}

const DEADLINE: Duration = Duration::from_secs(60);

/// Whether a process stands in this folder, as those of a server do in its data.
fn is_at_work_in(folder: &Path) -> bool {
    let processes = fs::read_dir("/proc").expect("the kernel lists processes");
    processes
        .filter_map(|process| fs::read_link(process.ok()?.path().join("cwd")).ok())
        .any(|cwd| cwd == folder)
}

/// Stops the server `$1/postgres` of the folder `$2`, and removes the folder.
const REMOVE: &str = r#"
"$1/pg_ctl" stop -w -m immediate -D "$2/data"
rm -rf "$2"
"#;

fn hand_over(path: &Path) {
    if is_root() {
        run(Command::new("chown")
            .args(["-R", "postgres:postgres"])
            .arg(path));
    }
}

/// Installs the extension below `destination`, by the script that `make install` runs.
fn install_extension(destination: &Path) {
    let library = target().join("release/libpgtoken.so");
    assert!(
        library.exists(),
        "{} is missing: run 'make build'",
        library.display()
    );
    run(Command::new(checkout().join("scripts/install.sh"))
        .env("DESTDIR", destination)
        .env("CARGO_TARGET_DIR", target())
        .env("PG_CONFIG", pg_config()));
    hand_over(destination);
}

fn configure(cluster: &Path, configuration: &[(String, String)]) {
    let install = cluster.join("install");
    let libraries = format!(
        "{}{}:$libdir",
        install.display(),
        folder("--pkglibdir").display()
    );
    let lines = [
        ("extension_destdir", utf8(&install)),
        ("dynamic_library_path", libraries),
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_directories", utf8(cluster)),
    ];
    let data = cluster.join("data");
    let mut text = String::new();
    for (name, value) in lines.iter().map(|(name, value)| (*name, value)) {
        text += &setting(name, value);
    }
    if std::env::var_os(TELLTALE).is_some() {
        for (name, value) in TELLTALE_SETTINGS {
            text += &setting(name, value);
        }
    }
    for (name, value) in configuration {
        text += &setting(name, value);
    }
    fs::write(data.join("postgresql.auto.conf"), text).expect("the new cluster is writable");
    hand_over(&data);
}

fn setting(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\'', "''"))
}

/// Tries ports until the server starts on one: another process may take a port that was free.
fn start_on_a_free_port(cluster: &Path, log: &Path) -> u16 {
    let mut complaints = String::new();
    for _ in 0..5 {
        let port = free_port();
        match try_start(cluster, log, port) {
            Ok(()) => return port,
            Err(complaint) => complaints = complaint,
        }
    }
    panic!("the server does not start:\n{complaints}");
}

/// A port below those that the kernel gives to outgoing connections, so that it stays free while
/// the server restarts.
fn free_port() -> u16 {
    let random = RandomState::new();
    (0..)
        .map(|n: u32| 20_000 + (random.hash_one(n) % 12_000) as u16)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("the sequence has no end")
}

fn try_start(cluster: &Path, log: &Path, port: u16) -> Result<(), String> {
    let output = output_of(
        pg_ctl(cluster)
            .args(["start", "-w", "-s", "-o", &format!("-p {port}"), "-l"])
            .arg(log),
    );
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", complaint(&output), log_of(log)))
}

fn pg_ctl(cluster: &Path) -> Command {
    let mut command = as_owner(bindir().join("pg_ctl"));
    command.arg("-D").arg(cluster.join("data"));
    command
}

fn log_of(file: &Path) -> String {
    let log = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&log).into_owned()
}

fn utf8(path: &Path) -> String {
    path.to_str().expect("paths of tests are UTF-8").to_owned()
}
