//! Commands of an operator, as documents give them.
use crate::cluster::Cluster;
use crate::program::{bindir, complaint, output_of};
use std::path::Path;
use std::process::Command;

impl Cluster {
    /// Runs a shell script in a folder, with psql, pg_dump and the others leading to this cluster as superuser;
    /// returns what it prints, or what it complains of where it fails.
    pub fn shell(&self, script: &str, folder: &Path) -> Result<String, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = format!("{}:{}", bindir().display(), path.to_string_lossy());
        let output = output_of(
            Command::new("bash")
                .args(["-euo", "pipefail", "-c", script])
                .current_dir(folder)
                .env("PATH", path)
                .env("PGHOST", self.folder())
                .env("PGPORT", self.port().to_string())
                .env("PGUSER", "postgres")
                .env_remove("PGDATABASE"),
        );
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(complaint(&output)),
        }
    }
}
