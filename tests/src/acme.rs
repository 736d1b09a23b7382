//! A small directory with somebody in every part, for tests of management.
use crate::cluster::{Cluster, shared};
use crate::database::Database;
use crate::error::{SqlError, error_of};
use crate::query::{outcome, row, rows};
use postgres::Client;

/// Two workspaces at work and one that is shut. In `acme`: `olga` writes, `mia` manages tokens, `leo` reads,
/// `dora` is disabled, `robot` is a service user. `stan` manages tokens in `globex`.
const DIRECTORY: &str = "
    insert into pgtoken.workspace (workspace_id, name, disabled_at)
    values ('acme', 'Acme', null), ('globex', 'Globex', null), ('shut', 'Shut', now());
    insert into pgtoken.app_user (user_id, name, email, disabled_at, service_of)
    values ('olga', 'Olga', 'olga@acme.example', null, null),
           ('mia', 'Mia', 'mia@acme.example', null, null),
           ('leo', 'Leo', 'leo@acme.example', null, null),
           ('dora', 'Dora', 'dora@acme.example', now(), null),
           ('stan', 'Stan', 'stan@globex.example', null, null),
           ('robot', 'Robot', null, null, 'acme');
    insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
    values ('acme', 'olga', 'write', false), ('acme', 'mia', 'full', true), ('acme', 'leo', 'read', false),
           ('acme', 'dora', 'full', true), ('acme', 'robot', 'full', false),
           ('globex', 'stan', 'full', true), ('shut', 'olga', 'full', false);
    insert into pgtoken.target (target_id, workspace_id, name)
    values ('lobby', 'acme', 'Lobby'), ('windows', 'acme', 'Windows'), ('roof', 'globex', 'Roof');
    insert into pgtoken.zone (target_id, zone_id, name)
    values ('windows', 'main', 'Main'), ('windows', 'ticker', 'Ticker'), ('lobby', 'left', 'Left'),
           ('roof', 'main', 'Main');
    insert into pgtoken.permission (name, member_scope)
    values ('upload', null), ('publish', 'write'), ('audit', 'full');
    insert into pgtoken.scope (name, rank, confined, member_scope)
    values ('break_glass', null, false, null), ('review', null, false, 'write'), ('vault', null, true, null);";

/// A database with that directory, and a superuser, who is an administrator, connected to it.
pub struct Acme {
    /// The connection.
    pub client: Client,
    /// The database.
    pub db: Database<'static>,
}

/// A token, as it was shown once.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its text.
    pub text: String,
    /// Its id.
    pub id: String,
}

impl Acme {
    /// A new database on the shared cluster.
    #[track_caller]
    pub fn new() -> Acme {
        Acme::on(shared())
    }

    /// A new database on this cluster.
    #[track_caller]
    pub fn on(cluster: &'static Cluster) -> Acme {
        let db = cluster.database();
        let mut client = db.client();
        rows(&mut client, DIRECTORY);
        Acme { client, db }
    }

    /// Issues a token.
    #[track_caller]
    pub fn issue(&mut self, arguments: &str) -> Issued {
        let row = self.row(&format!(
            "select token, id from pgtoken.issue_token({arguments})"
        ));
        let (text, id) = row.split_once('|').expect("two columns");
        Issued {
            text: text.to_owned(),
            id: id.to_owned(),
        }
    }

    /// The rows of a query as text.
    #[track_caller]
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        rows(&mut self.client, sql)
    }

    /// The only row of a query as text.
    #[track_caller]
    pub fn row(&mut self, sql: &str) -> String {
        row(&mut self.client, sql)
    }

    /// How a statement ends.
    #[track_caller]
    pub fn outcome(&mut self, sql: &str) -> String {
        outcome(&mut self.client, sql)
    }

    /// The error of a statement that has to fail.
    #[track_caller]
    pub fn error(&mut self, sql: &str) -> SqlError {
        error_of(self.client.simple_query(sql))
    }

    /// The code of a verification.
    #[track_caller]
    pub fn verdict(&mut self, token: &Issued, question: &str) -> String {
        self.row(&format!(
            "select code from pgtoken.verify_token('{}'{question})",
            token.text
        ))
    }

    /// The number of rows of every table of pgtoken, except those that a flush of use writes.
    #[track_caller]
    pub fn counts(&mut self) -> Vec<String> {
        let tables = self.rows(
            "select relname from pg_class
             where relnamespace = 'pgtoken'::regnamespace and relkind = 'r'
               and relname not in ('token_use', 'token_usage', 'verdict_usage')
             order by relname",
        );
        let counts: Vec<String> = tables
            .iter()
            .map(|table| format!("select '{table}', count(*) from pgtoken.{table}"))
            .collect();
        self.rows(&counts.join(" union all "))
    }

    /// The last event of a token: kind, actor and detail.
    #[track_caller]
    pub fn last_event(&mut self, id: &str) -> String {
        self.row(&format!(
            "select kind, actor, detail from pgtoken.event where token_id = '{id}' order by id desc limit 1"
        ))
    }
}

impl Default for Acme {
    fn default() -> Acme {
        Acme::new()
    }
}
