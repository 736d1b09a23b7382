//! Configuration: each kind of bad value is one line and exit 64, before a port opens.
use pgtoken_tests::Facade;
use std::process::Command;

const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nowhere";
const SECRET: &str = "s-1f0c8b7e5d2943668f4b0a7c9e3d1526";

fn program() -> Command {
    let mut program = Facade::program();
    program.env("PGTOKEN_DATABASE_URL", NOWHERE);
    program
}

/// The one line that the facade gives up with.
#[track_caller]
fn refusal(program: &mut Command) -> String {
    let output = program.output().expect("the facade is built");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    complaint
}

#[test]
fn each_bad_value_is_named_with_its_rule() {
    for (variable, value, why) in [
        ("PGTOKEN_DATABASE_URL", "mysql://a", "is not a URL"),
        ("PGTOKEN_VERIFY_DATABASE_URL", "", "is not a URL"),
        ("PGTOKEN_LISTEN", "8080", "is not an address and port"),
        ("PGTOKEN_ADMIN_LISTEN", "", "is not an address and port"),
        (
            "PGTOKEN_ADMIN_LISTEN",
            "127.0.0.1:8080",
            "is the same as PGTOKEN_LISTEN",
        ),
        ("PGTOKEN_BASE_PATH", "tokens", "is not a path"),
        ("PGTOKEN_BASE_PATH", "/a/../b", "is not a path"),
        ("PGTOKEN_BASE_PATH", "/a%20b", "is not a path"),
        ("PGTOKEN_PUBLIC_URL", "tokens.example.com", "is not a URL"),
        (
            "PGTOKEN_TRUSTED_PROXIES",
            "10.0.0.0/8, proxy",
            "`proxy` is not a network",
        ),
        ("PGTOKEN_CORS_ORIGINS", "*", "is not an origin"),
        (
            "PGTOKEN_CORS_ORIGINS",
            "https://app.example.com/",
            "is not an origin",
        ),
        (
            "PGTOKEN_CORS_ORIGINS",
            "https://App.example.com",
            "is not an origin",
        ),
        (
            "PGTOKEN_POLICIES_FILE",
            "/no/policies.toml",
            "/no/policies.toml",
        ),
        ("PGTOKEN_ADMIN_SECRET", "", "has 0 characters"),
        (
            "PGTOKEN_ADMIN_SECRET",
            "short-but-secret",
            "has 16 characters, and must have at least 32",
        ),
        (
            "PGTOKEN_ADMIN_SECRET",
            "ChangeMe-changeme-changeme-changeme",
            "is a well-known default",
        ),
        (
            "PGTOKEN_VERIFIER_SECRET",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "repeats itself",
        ),
        (
            "PGTOKEN_VERIFIER_SECRET",
            "ünïcode-1f0c8b7e5d2943668f4b0a7c9e3d",
            "must be printable ASCII",
        ),
        ("PGTOKEN_JWT_SECRET", "secret", "has 6 characters"),
        ("PGTOKEN_JWKS_FILE", "/no/jwks.json", "/no/jwks.json"),
        ("PGTOKEN_JWKS_URL", "login.example.com", "is not a URL"),
        (
            "PGTOKEN_JWKS_URL",
            "http://login.example.com/jwks",
            "must begin with https://",
        ),
        ("PGTOKEN_SESSION_TTL", "forever", "a duration is"),
        (
            "PGTOKEN_SESSION_TTL",
            "2 days",
            "must be from 10 ms to 24 h",
        ),
        ("PGTOKEN_DATABASE_CONNECTIONS", "0", "from 1 to 1000"),
        ("PGTOKEN_DATABASE_TIMEOUT", "-1s", "a duration is"),
        ("PGTOKEN_VERIFY_CONNECTIONS", "many", "from 1 to 100"),
        ("PGTOKEN_VERIFY_TIMEOUT", "0", "a duration is"),
        ("PGTOKEN_BATCH_MAX", "1001", "from 1 to 1000"),
        ("PGTOKEN_GUESSES_PER_MINUTE", "-1", "from 1 to 1000000"),
        ("PGTOKEN_MAX_CONNECTIONS", "0", "from 1 to 1000000"),
        ("PGTOKEN_IDLE_TIMEOUT", "", "a duration is"),
        ("PGTOKEN_BODY_TIMEOUT", "1ms", "must be from 10 ms"),
        ("PGTOKEN_DRAIN_TIMEOUT", "x", "a duration is"),
        ("PGTOKEN_JWKS_REFRESH", "x", "a duration is"),
    ] {
        let complaint = refusal(program().env(variable, value));
        let start = format!("pgtoken-facade: {variable}: ");
        assert!(
            complaint.starts_with(&start) && complaint.contains(why),
            "{variable}={value}: {complaint}"
        );
        assert!(!complaint.contains("but-secret"), "{complaint}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let same = refusal(program().envs([
        ("PGTOKEN_ADMIN_SECRET", SECRET),
        ("PGTOKEN_VERIFIER_SECRET", SECRET),
    ]));
    assert!(
        same.contains("PGTOKEN_VERIFIER_SECRET: is the same as PGTOKEN_ADMIN_SECRET"),
        "{same}"
    );
    assert!(!same.contains(SECRET));
    let two =
        refusal(program().envs([("PGTOKEN_JWT_SECRET", SECRET), ("PGTOKEN_JWKS_FILE", "/no")]));
    assert!(two.contains("at most one of them"), "{two}");
    let role = refusal(program().envs([
        ("PGTOKEN_JWT_SECRET", SECRET),
        ("PGTOKEN_JWT_ADMIN_ROLE", ""),
    ]));
    assert!(role.contains("PGTOKEN_JWT_ADMIN_ROLE: is empty"), "{role}");
}

#[test]
fn files_are_checked_too() {
    let path = std::env::temp_dir().join(format!("pgtoken-{}", uuid::Uuid::new_v4()));
    let path = path.to_str().expect("UTF-8");
    for (text, why) in [
        ("{", "no JWKS"),
        (r#"{"keys": []}"#, "holds no key"),
        (r#"{"keys": [{"kty": "EC"}]}"#, "PGTOKEN_JWKS_FILE"),
    ] {
        std::fs::write(path, text).expect("the temporary folder is writable");
        let complaint = refusal(
            program()
                .arg("--check-config")
                .env("PGTOKEN_JWKS_FILE", path),
        );
        assert!(
            complaint.contains("PGTOKEN_JWKS_FILE: ") && complaint.contains(why),
            "{complaint}"
        );
    }
    std::fs::write(path, "[policy]\nnonsense = 1\n").expect("written");
    let complaint = refusal(
        program()
            .arg("--check-config")
            .env("PGTOKEN_POLICIES_FILE", path),
    );
    assert!(complaint.contains("PGTOKEN_POLICIES_FILE: "), "{complaint}");
    std::fs::remove_file(path).expect("removed");
}

#[test]
fn complaint_about_dotenv_does_not_show_its_lines() {
    let folder = std::env::temp_dir().join(format!("pgtoken-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("the temporary folder is writable");
    std::fs::write(
        folder.join(".env"),
        format!("PGTOKEN_ADMIN_SECRET: {SECRET}\n"),
    )
    .expect("written");
    let complaint = refusal(program().current_dir(&folder));
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(complaint.contains(".env: "), "{complaint}");
    assert!(!complaint.contains(SECRET), "{complaint}");
}

#[test]
fn good_configuration_is_good() {
    let mut program = program();
    program.arg("--check-config").envs([
        ("PGTOKEN_ADMIN_SECRET", SECRET),
        (
            "PGTOKEN_VERIFIER_SECRET",
            "v-1f0c8b7e5d2943668f4b0a7c9e3d1526",
        ),
        ("PGTOKEN_JWT_SECRET", "j-1f0c8b7e5d2943668f4b0a7c9e3d1526"),
        ("PGTOKEN_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("PGTOKEN_CORS_ORIGINS", "https://app.example.com"),
        ("PGTOKEN_BASE_PATH", "/tokens/"),
    ]);
    let output = program.output().expect("the facade is built");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn help_and_the_example_name_the_same_variables() {
    let output = Facade::program()
        .arg("--help")
        .output()
        .expect("the facade is built");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let example = pgtoken_tests::checkout().join(".env.example");
    let example = std::fs::read_to_string(example).expect("it is there");
    let mut in_help: Vec<&str> = help
        .split("[env: ")
        .skip(1)
        .filter_map(|rest| rest.split(['=', ']']).next())
        .collect();
    let lines = example.lines().map(|line| line.trim_start_matches('#'));
    let named = lines.filter(|line| line.starts_with("PGTOKEN_"));
    let mut in_example: Vec<&str> = named.filter_map(|line| line.split('=').next()).collect();
    in_help.sort_unstable();
    in_example.sort_unstable();
    assert!(in_help.len() > 25, "{help}");
    assert_eq!(in_help, in_example);
}
