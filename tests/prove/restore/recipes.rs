//! The commands under "Backups" in README.md, run as they stand.
use pgtoken_tests::{Cluster, checkout};
use std::path::{Path, PathBuf};

/// What README tells to type, block by block.
pub struct Recipes {
    /// Saves roles and the database acme.
    pub dump: String,
    /// Each makes acme_restored of it.
    pub restore: Vec<String>,
    /// Writes the log to a file.
    pub export: String,
    /// Does again what the log says.
    pub reapply: String,
}

impl Recipes {
    /// Reads them.
    pub fn read() -> Recipes {
        let readme =
            std::fs::read_to_string(checkout().join("README.md")).expect("README.md is there");
        let from = readme.find("\n### Backups").expect("the section is there");
        let to = readme.find("\n### Upgrading").expect("so is the next");
        let blocks = readme[from..to].split("```sh").skip(1);
        let mut blocks = blocks.map(|rest| rest.split("```").next().expect("a block ends"));
        let mut next = |word: &str| {
            let block = blocks.next().expect("README has six blocks");
            assert!(block.contains(word), "{word} is not in:\n{block}");
            block.to_owned()
        };
        Recipes {
            dump: next("pg_dump -Fc"),
            restore: vec![
                next("--exit-on-error"),
                next("-N pgtoken -j 4"),
                next("arm_triggers"),
            ],
            export: next("\\copy"),
            reapply: next("reapply_events.sql"),
        }
    }
}

/// A folder to type them in, removed with the cluster.
pub fn desk(cluster: &Cluster) -> PathBuf {
    let folder = cluster.folder().join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir(&folder).expect("the cluster's folder is writable");
    std::os::unix::fs::symlink(checkout().join("sql"), folder.join("sql")).expect("writable");
    folder
}

/// Roles are restored on a cluster that has its superuser already.
pub fn restore_roles(cluster: &Cluster, desk: &Path) {
    let script = "psql -Xq -d postgres -f roles.sql 2>&1";
    let said = cluster
        .shell(script, desk)
        .expect("psql goes on after errors");
    let errors: Vec<&str> = said.lines().filter(|l| l.contains("ERROR")).collect();
    assert!(
        errors.iter().all(|error| error.ends_with("already exists")),
        "{said}"
    );
}
