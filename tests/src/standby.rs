//! A hot standby of a throw-away cluster.
use crate::cluster::{Cluster, Settings};
use crate::wait::wait_until;
use std::time::Duration;

impl Cluster {
    /// Starts a hot standby that streams from this cluster; it has the same settings where they must agree.
    pub fn standby(&self) -> Cluster {
        self.standby_with(Cluster::settings())
    }

    /// Starts a hot standby with settings of its own.
    pub fn standby_with(&self, settings: Settings) -> Cluster {
        let source = format!(
            "host={} port={} user=postgres application_name=standby",
            self.folder().display(),
            self.port()
        );
        settings.with("primary_conninfo", &source).follow(self)
    }

    /// Waits until the standby has replayed everything that this cluster has committed.
    pub fn wait_for(&self, standby: &Cluster) {
        let mut here = self.connect("postgres", "postgres");
        let mut there = standby.connect("postgres", "postgres");
        let committed: String = here
            .query_one("select pg_current_wal_flush_lsn()::text", &[])
            .expect("the primary answers")
            .get(0);
        let replayed = "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn";
        wait_until(Duration::from_secs(20), "the standby catches up", || {
            let row = there.query_one(replayed, &[&committed]);
            row.expect("the standby answers").get(0)
        });
    }
}
