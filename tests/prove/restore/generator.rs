//! A random directory with tokens of every kind, and what happens to it over time.
use pgtoken_tests::{Contents, Database, wait_until};
use postgres::Client;
use std::collections::BTreeMap;
use std::time::Duration;

/// How big a directory is, and which one it is.
#[derive(Clone, Copy)]
pub struct Size {
    pub seed: u64,
    pub users: u64,
    pub workspaces: u64,
    pub tokens: u64,
}

/// What is known of a token: its name, its text, and what to ask it for.
#[derive(Clone)]
pub struct Secret(Vec<String>);

/// A database with a random directory, whose secrets are kept here alone.
pub struct Generated<'cluster> {
    pub db: Database<'cluster>,
    pub secrets: Vec<Secret>,
    size: Size,
}

/// By question: the code of the verdict, and all of it.
pub type Verdicts = BTreeMap<String, (String, String)>;

impl Secret {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0[1]
    }
}

impl<'cluster> Generated<'cluster> {
    /// Fills a database that has the extension.
    pub fn fill(db: Database<'cluster>, size: Size) -> Generated<'cluster> {
        let mut generated = Generated {
            db,
            secrets: Vec::new(),
            size,
        };
        generated.run(size.seed, include_str!("directory.sql"));
        generated.change(size.seed + 1);
        generated
    }

    /// Lets some time pass: tokens are rotated, revoked, changed and issued, owners demoted, targets deleted.
    pub fn change(&mut self, seed: u64) {
        self.run(seed, include_str!("change.sql"));
    }

    /// Verifies every token once, and waits until that use is in the tables.
    pub fn use_all(&self) {
        let mut client = self.db.client();
        let texts: Vec<&str> = self.secrets.iter().map(Secret::text).collect();
        let verify = "select count(*) from unnest($1::text[]) as t, pgtoken.verify_token(t)";
        client.query_one(verify, &[&texts]).expect("verdicts");
        let flushed =
            "select (select coalesce(sum(count), 0) from pgtoken.verdict_usage) >= $1::bigint";
        let used = texts.len() as i64;
        wait_until(Duration::from_secs(30), "use is flushed", || {
            let row = client.query_one(flushed, &[&used]);
            row.expect("sums").get(0)
        });
    }

    /// What every token answers to every question.
    pub fn verdicts(&self, client: &mut Client) -> Verdicts {
        let column = |n: usize| -> Vec<Option<&str>> {
            let known = self.secrets.iter().map(|secret| secret.0[n].as_str());
            known
                .map(|text| Some(text).filter(|t| !t.is_empty()))
                .collect()
        };
        let columns: Vec<_> = (0..5).map(column).collect();
        let rows = client
            .query(
                include_str!("questions.sql"),
                &[
                    &columns[0],
                    &columns[1],
                    &columns[2],
                    &columns[3],
                    &columns[4],
                ],
            )
            .expect("verdicts");
        let answer = |row: &postgres::Row| (row.get(0), (row.get(1), row.get(2)));
        rows.iter().map(answer).collect()
    }

    /// Everything that pgtoken keeps.
    pub fn contents(&self) -> Contents {
        Contents::of(&mut self.db.client())
    }

    fn run(&mut self, seed: u64, script: &str) {
        let Size {
            users,
            workspaces,
            tokens,
            ..
        } = self.size;
        // setseed takes a number from -1 to 1.
        let fraction = (seed % 997) as f64 / 997.0;
        let known: String = self
            .secrets
            .iter()
            .map(|secret| secret.0.join("\t") + "\n")
            .collect();
        let printed = self.db.psql(&format!(
            "\\set seed {fraction}\n\\set users {users}\n\\set workspaces {workspaces}\n\\set tokens {tokens}\n\
             {}\ncopy secret from stdin (null '');\n{known}\\.\n{script}\n\
             \\o\ncopy (select * from secret order by name) to stdout (null '');",
            include_str!("session.sql"),
        ));
        let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
        self.secrets = printed.lines().map(|line| Secret(fields(line))).collect();
    }
}
