//! Versions of the extension's SQL: released ones, an invented one before them, and one after.
use pgtoken_tests::{Cluster, checkout};
use std::fs;

/// The version that the files of this checkout are.
pub fn present() -> String {
    let control = read("extension/pgtoken.control");
    let line = control
        .lines()
        .find_map(|line| line.strip_prefix("default_version = '"));
    let version = line.and_then(|rest| rest.strip_suffix('\''));
    version.expect("the control file has a version").to_owned()
}

/// A version that a database may have when the files of this checkout are installed.
pub struct Old {
    pub version: String,
    install: String,
    /// How it becomes the present one; `None` where the checkout has the scripts itself.
    upgrade: Option<String>,
}

impl Old {
    /// The released versions, and an invented one: before the first release there is no other.
    pub fn all(cluster: &Cluster) -> Vec<Old> {
        let mut all = vec![Old::invented(cluster)];
        let present = present();
        let Ok(released) = fs::read_dir(checkout().join("sql/released")) else {
            return all;
        };
        for script in released {
            let name = script.expect("an entry").file_name();
            let name = name.to_str().expect("names are UTF-8");
            let version = name
                .strip_prefix("pgtoken--")
                .and_then(|rest| rest.strip_suffix(".sql"));
            if let Some(version) = version.filter(|version| *version != present) {
                all.push(Old {
                    version: version.to_owned(),
                    install: read(&format!("sql/released/{name}")),
                    upgrade: None,
                });
            }
        }
        all
    }

    /// 0.0.9: an attribute of verdicts less, and a table, a column, an index, a trigger and two functions.
    pub fn invented(cluster: &Cluster) -> Old {
        let script = cluster
            .extension_folder()
            .join(format!("pgtoken--{}.sql", present()));
        let mut sql = Edited(fs::read_to_string(script).expect("the cluster has the extension"));
        sql.replace(
            "    metadata jsonb,\n    retry_after integer\n",
            "    metadata jsonb\n",
            3,
        );
        sql.remove("comment on column pgtoken.verdict.retry_after", ";\n");
        sql.remove("create function pgtoken.token_stats(", "not allowed';\n");
        sql.replace(", pgtoken.token_stats\n", "\n", 2);
        sql.remove("create table pgtoken.sign_in (", ");\n");
        sql.remove("comment on table pgtoken.sign_in is", ";\n");
        for _ in 0..4 {
            sql.remove("comment on column pgtoken.sign_in.", "';\n");
        }
        sql.remove("grant select, insert, delete on pgtoken.sign_in", ";\n");
        sql.remove(
            "select pg_catalog.pg_extension_config_dump('pgtoken.sign_in'",
            ";\n",
        );
        sql.remove("create index event_at_idx", ";\n");
        sql.remove("comment on index pgtoken.event_at_idx", ";\n");
        sql.replace(
            "    member_scope text collate \"C\",\n    description text,\n\n    constraint permission_pkey",
            "    member_scope text collate \"C\",\n\n    constraint permission_pkey",
            1,
        );
        sql.remove("comment on column pgtoken.permission.description", ";\n");
        sql.remove("create trigger token_truncated", ";\n");
        sql.remove(
            "    select case\n        when pgtoken_internal.is_key(current_setting('pgtoken.actor'",
            "    end\n",
        );
        sql.replace(
            "is not refused for it.\n",
            "is not refused for it.\n    select session_user::text\n",
            1,
        );
        sql.remove("create function pgtoken_internal.library_version()", "';\n");
        sql.remove(
            "comment on function pgtoken_internal.library_version()",
            "';\n",
        );
        Old {
            version: "0.0.9".to_owned(),
            install: sql.0,
            upgrade: Some(read("tests/upgrade/pgtoken--0.0.9--current.sql")),
        }
    }

    /// Leaves the cluster with this version's SQL alone, as before the new files were installed.
    pub fn install(&self, cluster: &Cluster) {
        let folder = cluster.extension_folder();
        for script in fs::read_dir(&folder).expect("the cluster has the extension") {
            fs::remove_file(script.expect("an entry").path()).expect("the folder is writable");
        }
        let control = read("extension/pgtoken.control");
        let present = format!("default_version = '{}'", present());
        let old = format!("default_version = '{}'", self.version);
        put(cluster, "pgtoken.control", &control.replace(&present, &old));
        put(
            cluster,
            &format!("pgtoken--{}.sql", self.version),
            &self.install,
        );
    }

    /// Installs the files of this checkout, and how this version becomes theirs.
    pub fn install_present(&self, cluster: &Cluster) {
        cluster.install_extension();
        if let Some(upgrade) = &self.upgrade {
            put(
                cluster,
                &format!("pgtoken--{}--{}.sql", self.version, present()),
                upgrade,
            );
        }
    }

    /// Installs an upgrade that does all its work and then fails.
    pub fn install_failing(&self, cluster: &Cluster, name: &str) {
        let upgrade = self
            .upgrade
            .as_deref()
            .expect("an invented version has its own script");
        put(
            cluster,
            &format!("pgtoken--{}--{name}.sql", self.version),
            &format!("{upgrade}\nselect 1 / 0;\n"),
        );
    }
}

/// Writes a script into the folder of the cluster's own copy of the extension.
pub fn put(cluster: &Cluster, name: &str, text: &str) {
    fs::write(cluster.extension_folder().join(name), text).expect("the folder is writable");
}

fn read(path: &str) -> String {
    fs::read_to_string(checkout().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A script that is made older. Each edit says what it expects to find, so that none is lost when the SQL changes.
struct Edited(String);

impl Edited {
    fn replace(&mut self, old: &str, new: &str, times: usize) {
        assert_eq!(self.0.matches(old).count(), times, "{old}");
        self.0 = self.0.replace(old, new);
    }

    /// Takes out what begins so, to the first end after it.
    fn remove(&mut self, begin: &str, end: &str) {
        let start = self
            .0
            .find(begin)
            .unwrap_or_else(|| panic!("there is no {begin}"));
        let length = self.0[start..]
            .find(end)
            .unwrap_or_else(|| panic!("no end of {begin}"));
        self.0.replace_range(start..start + length + end.len(), "");
    }
}
