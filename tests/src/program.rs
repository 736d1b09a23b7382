//! Finding and running the programs of PostgreSQL, as a user that it accepts.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The root of the checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is a folder of the workspace")
}

/// The cargo target folder that this test was built in.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    // <target>/<profile>/deps/<test>
    test.ancestors()
        .nth(3)
        .expect("cargo puts tests three folders deep")
        .to_owned()
}

/// The pg_config of `PG_CONFIG`, else the one in PATH.
pub(crate) fn pg_config() -> String {
    std::env::var("PG_CONFIG").unwrap_or_else(|_| "pg_config".to_owned())
}

/// A folder of the PostgreSQL under test, by the option of pg_config that prints it.
pub(crate) fn folder(option: &str) -> PathBuf {
    let output = run(Command::new(pg_config()).arg(option));
    PathBuf::from(output.trim_end())
}

/// The folder of `postgres`, `psql`, `pg_dump` and the others.
pub(crate) fn bindir() -> &'static Path {
    static BINDIR: OnceLock<PathBuf> = OnceLock::new();
    BINDIR.get_or_init(|| folder("--bindir"))
}

/// Whether the tests run as root, which PostgreSQL refuses to.
pub(crate) fn is_root() -> bool {
    static IS_ROOT: OnceLock<bool> = OnceLock::new();
    *IS_ROOT.get_or_init(|| run(Command::new("id").arg("-u")).trim() == "0")
}

/// A command that runs as the owner of the cluster: the caller, or `postgres` if that is root.
pub(crate) fn as_owner(program: impl AsRef<Path>) -> Command {
    let program = program.as_ref();
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    // The checkout may be out of reach for that user; and what the server's environment holds
    // (a wish for backtraces, defaults of libpq) would show in its answers.
    command
        .current_dir("/")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// Runs a command and returns what it printed; panics with its complaints if it fails.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = output_of(command);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        complaint(&output)
    );
    String::from_utf8(output.stdout).expect("programs print UTF-8")
}

#[track_caller]
pub(crate) fn output_of(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
