//! README.md says what is so: its SQL runs, block after block, in one psql session of a superuser.
//!
//! A block after the comment `<!-- not run: reason -->` is left out.
use pgtoken_tests::{Cluster, Database, checkout, shared};
use std::process::Output;

#[test]
fn readme_runs() {
    // Its roles and settings would be seen by other tests.
    let cluster = Cluster::start();
    let db = cluster.database();
    let readme = std::fs::read_to_string(checkout().join("README.md")).expect("README.md is there");
    let output = psql(&db, &script(&readme));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
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
    let output = psql(&shared().database(), &script(PAGE));
    assert!(output.status.success());
    assert_eq!(output.stdout, b"one session\nthe end\n");
}

#[test]
fn error_is_told_with_the_line_of_the_page() {
    let page = PAGE.replace("select 'the end'", "select 'half' from nowhere");
    let output = psql(&shared().database(), &script(&page));
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

/// The page with everything blanked out but its SQL, so that psql's line numbers are those of the page.
fn script(page: &str) -> String {
    let mut script = String::new();
    let mut fence = Fence::None;
    let mut skip = false;
    for line in page.lines() {
        let text = line.trim();
        fence = match fence {
            Fence::None if text == "```sql" && !skip => Fence::Sql,
            Fence::None if text.starts_with("```") => Fence::Other,
            Fence::None => {
                skip = text.starts_with("<!-- not run:") || (skip && text.is_empty());
                Fence::None
            }
            Fence::Sql | Fence::Other if text == "```" => {
                skip = false;
                Fence::None
            }
            Fence::Sql => {
                script.push_str(line);
                Fence::Sql
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
    Sql,
    Other,
}

fn psql(db: &Database, script: &str) -> Output {
    let folder = db.cluster().folder().join(db.name());
    std::fs::create_dir(&folder).expect("the cluster's folder is writable");
    let file = folder.join("README.sql");
    std::fs::write(&file, script).expect("written");
    db.program("psql")
        .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(file)
        .output()
        .expect("psql starts")
}
