//! Dumping a database and restoring it.
use crate::database::Database;
use crate::program::{complaint, output_of, run};
use std::path::{Path, PathBuf};

impl Database<'_> {
    /// Dumps with pg_dump into a new file beside the server, which is removed with it.
    #[track_caller]
    pub fn dump(&self, options: &[&str]) -> PathBuf {
        let folder = self.cluster().folder();
        let file = folder.join(format!("{}.dump", uuid::Uuid::new_v4()));
        let mut pg_dump = self.program("pg_dump");
        let output = output_of(pg_dump.args(options).arg("-f").arg(&file));
        let complaint = complaint(&output);
        assert!(output.status.success(), "{complaint}");
        assert_eq!(complaint, "", "pg_dump has nothing to warn of");
        file
    }

    /// Runs a script, such as a plain dump, with psql.
    #[track_caller]
    pub fn run_script(&self, script: &Path, options: &[&str]) {
        let mut psql = self.program("psql");
        run(psql
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f"])
            .arg(script)
            .args(options));
    }

    /// Restores an archive with pg_restore.
    #[track_caller]
    pub fn pg_restore(&self, archive: &Path, options: &[&str]) {
        let mut pg_restore = self.program("pg_restore");
        run(pg_restore
            .args(["--exit-on-error", "-d", self.name()])
            .args(options)
            .arg(archive));
    }
}
