//! README.md says what is so: its SQL runs, block after block, in one psql session of a superuser, and
//! the shell blocks about HTTP run in one shell, as after `make up`.
//!
//! A block after the comment `<!-- not run: reason -->` is left out.
use pgtoken_tests::{ADMIN_SECRET, Cluster, Database, Facade, VERIFIER_SECRET, checkout, shared};
use std::process::{Command, Output};

#[test]
fn readme_runs() {
    // Its roles and settings would be seen by other tests.
    let cluster = Cluster::start();
    let db = cluster.database();
    let readme = std::fs::read_to_string(checkout().join("README.md")).expect("README.md is there");
    let output = psql(&db, &script(&readme, "```sql"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
}

#[test]
fn the_shell_blocks_about_http_run_against_a_facade_with_the_demo_data() {
    let db = shared().database();
    for example in ["video_vault", "digital_signage"] {
        let file = checkout().join(format!("sql/examples/{example}.sql"));
        let script = std::fs::read_to_string(file).expect("the example is there");
        let output = psql(&db, &script);
        assert!(output.status.success(), "{example}: {output:?}");
    }
    let role = shared().login(&["pgtoken_admin", "pgtoken_verifier"]);
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", db.url(&role))
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
            .env("PGTOKEN_VERIFIER_SECRET", VERIFIER_SECRET),
    );
    let folder = db.cluster().folder().join(db.name());
    std::fs::create_dir_all(folder.join(".pgtoken")).expect("the cluster's folder is writable");
    let env = format!(
        "PGTOKEN_URL={} PGTOKEN_ADMIN_SECRET={ADMIN_SECRET} PGTOKEN_VERIFIER_SECRET={VERIFIER_SECRET}",
        facade.url("")
    );
    std::fs::write(folder.join(".pgtoken/env"), env).expect("written");

    let readme = std::fs::read_to_string(checkout().join("README.md")).expect("README.md is there");
    let from = readme
        .find("### For HTTP clients and gateways")
        .expect("the section is there");
    let length = readme[from..]
        .find("\n### ")
        .expect("it is not the last one");
    let blocks = script(&readme[from..from + length], "```sh");
    assert!(blocks.contains("curl"), "{blocks}");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &blocks])
        .current_dir(folder)
        .output()
        .expect("bash starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{complaint}\n{printed}\n{}",
        facade.log()
    );
    for said in [
        "\"code\":\"valid\"",
        "\"name\": \"Report script\"",
        "\"active\": true",
        "\"code\":\"invalid_token\"",
        "HTTP/1.1 200 OK",
        "x-user-id: mia",
    ] {
        assert!(printed.contains(said), "{said} is missing in:\n{printed}");
    }
    assert!(printed.ends_with("401\n"), "{printed}");
}

const PAGE: &str = r#"
A first block.
```sql
create extension if not exists pgtoken;
select 'one' as "word" \gset
```
```sh
exit 1
```
1. In a list:

   ```sql
   select :'word' || ' session';
   ```

<!-- not run: needs another server -->

```sql
select 1/0;
```
<!-- a comment of another kind -->
```sql
select 'the end';
```
"#;

#[test]
fn blocks_run_in_order_and_in_one_session() {
    let output = psql(&shared().database(), &script(PAGE, "```sql"));
    assert!(output.status.success());
    assert_eq!(output.stdout, b"one session\nthe end\n");
}

#[test]
fn error_is_told_with_the_line_of_the_page() {
    let page = PAGE.replace("select 'the end'", "select 'half' from nowhere");
    let output = psql(&shared().database(), &script(&page, "```sql"));
    assert!(!output.status.success());
    let line = 1 + page
        .lines()
        .position(|line| line.contains("nowhere"))
        .expect("it is there");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        complaint.contains(&format!("README.sql:{line}: ERROR")),
        "{complaint}"
    );
}

/// The page with everything blanked out but the blocks with this fence, so that line numbers are those of the page.
fn script(page: &str, wanted: &str) -> String {
    let mut script = String::new();
    let mut fence = Fence::None;
    let mut skip = false;
    for line in page.lines() {
        let text = line.trim();
        fence = match fence {
            Fence::None if text == wanted && !skip => Fence::Wanted,
            Fence::None if text.starts_with("```") => Fence::Other,
            Fence::None => {
                skip = text.starts_with("<!-- not run:") || (skip && text.is_empty());
                Fence::None
            }
            Fence::Wanted | Fence::Other if text == "```" => {
                skip = false;
                Fence::None
            }
            Fence::Wanted => {
                script.push_str(line);
                Fence::Wanted
            }
            Fence::Other => Fence::Other,
        };
        script.push('\n');
    }
    script
}

/// What a line is inside of.
enum Fence {
    None,
    Wanted,
    Other,
}

fn psql(db: &Database, script: &str) -> Output {
    let folder = db.cluster().folder().join(db.name());
    std::fs::create_dir_all(&folder).expect("the cluster's folder is writable");
    let file = folder.join("README.sql");
    std::fs::write(&file, script).expect("written");
    db.program("psql")
        .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(file)
        .output()
        .expect("psql starts")
}
