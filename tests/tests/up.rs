//! `make up` and `make down`, in a copy of the checkout: what the developer has running is left alone.
use pgtoken_tests::{Watchdog, checkout};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of what the scripts read; dropping it stops and deletes what they made.
struct Copy {
    folder: PathBuf,
    _watchdog: Watchdog,
}

const REMOVE: &str = r#"
"$1/scripts/down.sh"
"$1/scripts/clean-data.sh"
rm -rf "$1"
"#;

impl Copy {
    fn new() -> Copy {
        // A space and a quote in the path find what is not quoted.
        let folder = std::env::temp_dir().join(format!("pgtoken's copy {}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).expect("the temporary folder is writable");
        let watchdog = Watchdog::arm(Command::new("/bin/sh"), REMOVE, &[utf8(&folder)]);
        for part in ["scripts", "sql"] {
            run(Command::new("cp")
                .arg("-r")
                .arg(checkout().join(part))
                .arg(&folder));
        }
        fs::create_dir(folder.join("extension")).expect("the copy is writable");
        let control = "extension/pgtoken.control";
        fs::copy(checkout().join(control), folder.join(control)).expect("copied");
        Copy {
            folder,
            _watchdog: watchdog,
        }
    }

    /// Runs `up.sh` and returns what it prints, with its messages.
    fn up(&self) -> String {
        let target = std::env::current_exe().expect("the test knows its own path");
        let target = target
            .ancestors()
            .nth(3)
            .expect("cargo puts tests three folders deep");
        let up = self.folder.join("scripts/up.sh");
        let mut shell = Command::new("/bin/sh");
        // `cat` returns only when nothing that was started holds the pipe any more.
        shell
            .args(["-c", "\"$0\" 2>&1 | cat"])
            .arg(up)
            .env("CARGO_TARGET_DIR", target);
        run(&mut shell)
    }

    fn down(&self) {
        run(&mut Command::new(self.folder.join("scripts/down.sh")));
    }

    /// Runs a line as if it was pasted into a terminal somewhere else.
    fn paste(&self, line: &str) -> String {
        run(Command::new("/bin/sh").current_dir("/").args(["-ec", line]))
    }

    fn with_env(&self, line: &str) -> String {
        let env = self.folder.join(".pgtoken/env");
        self.paste(&format!(". \"{}\"\n{line}", env.display()))
    }
}

#[test]
fn printed_commands_work_when_pasted_and_data_outlives_a_restart() {
    let copy = Copy::new();
    let commands = printed_commands(&copy.up());
    let [verify_in_sql, issue, verify, forward_auth, revoke] = &commands[..] else {
        panic!("five commands: {commands:?}")
    };
    assert!(copy.paste(verify_in_sql).contains("(1 row)"));
    assert!(copy.paste(issue).contains("\"token\":\"pgt_"));
    assert!(copy.paste(verify).contains("\"code\":\"valid\""));
    let passed = copy.paste(forward_auth);
    assert!(
        passed.contains("200 OK") && passed.contains("x-user-id: demo"),
        "{passed}"
    );
    assert!(copy.paste(revoke).contains("200 OK"));
    assert!(copy.paste(verify).contains("\"code\":\"revoked\""));
    assert!(copy.paste(forward_auth).contains("401 Unauthorized"));
    copy.with_env("psql -c 'create table mark ()'");

    copy.down();
    let gone = "curl -sS \"$PGTOKEN_URL/healthz\" 2>/dev/null || echo gone";
    assert_eq!(copy.with_env(gone), "gone\n");
    let again = printed_commands(&copy.up());
    assert_eq!(again, commands);
    copy.with_env("psql -c 'select from mark'");
    // A new one: the one before was revoked.
    let valid = "psql -XAtc \"select valid from pgtoken.verify_token('$PGTOKEN_DEMO_TOKEN')\"";
    assert_eq!(copy.with_env(valid), "t\n");
}

#[test]
fn printed_link_signs_in_once() {
    let copy = Copy::new();
    let printed = copy.up();
    let link = printed.split("/admin/#link=").nth(1);
    let link = link.and_then(|rest| rest.split_whitespace().next());
    let link = link.expect("a link is printed");
    let sign_in = format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' \"$PGTOKEN_URL/v1/session\" \
         -H 'Content-Type: application/json' -d '{{\"link\": \"{link}\"}}'"
    );
    assert_eq!(copy.with_env(&sign_in), "201");
    assert_eq!(copy.with_env(&sign_in), "401");
}

#[test]
fn environment_file_has_what_programs_need_and_is_for_its_owner_alone() {
    let copy = Copy::new();
    copy.up();
    let env = copy.folder.join(".pgtoken/env");
    let text = fs::read_to_string(&env).expect("it was written");
    for name in [
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGTOKEN_URL",
        "PGTOKEN_ADMIN_SECRET",
        "PGTOKEN_VERIFIER_SECRET",
        "PGTOKEN_DEMO_TOKEN",
    ] {
        assert!(
            text.contains(&format!("export {name}='")),
            "{name} is missing"
        );
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(&env).expect("it is there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(copy.with_env("psql -XAtc \"show is_superuser\""), "on\n");
    assert_eq!(
        copy.with_env("psql -XAtc 'show listen_addresses'"),
        "127.0.0.1\n"
    );
    // Whoever comes over TCP needs the password.
    assert_eq!(copy.with_env("psql -h 127.0.0.1 -wXAtc 'select 1'"), "1\n");
    let without = "PGPASSWORD= psql -h 127.0.0.1 -wXAtc 'select 1' 2>/dev/null || echo refused";
    assert_eq!(copy.with_env(without), "refused\n");
}

#[test]
fn change_of_the_install_sql_is_announced_and_not_applied() {
    let copy = Copy::new();
    copy.up();
    fs::write(copy.folder.join("sql/late.sql"), "select 1;\n").expect("written");
    let list = copy.folder.join("sql/install.list");
    fs::write(
        &list,
        fs::read_to_string(&list).expect("read") + "\nlate.sql\n",
    )
    .expect("written");
    assert!(copy.up().contains("make clean-data up"));
}

fn printed_commands(output: &str) -> Vec<String> {
    output
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(". "))
        .map(str::to_owned)
        .collect()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{complaint}",
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
