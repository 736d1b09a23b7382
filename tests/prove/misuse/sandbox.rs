//! A database to misuse: a directory, tokens of every kind, a connection as each role, and a function
//! that runs many statements in one round trip and keeps how each ended.
use super::value::Known;
use pgtoken_tests::{Acme, Cluster, row, rows};
use postgres::Client;

/// Runs each statement for itself; what it raises is its outcome and undoes it alone.
const DRIVER: &str = "
    create schema prove;
    grant usage on schema prove to public;
    create function prove.run(statements text[])
    returns table (state text, rows bigint, message text)
    language plpgsql as $$
    declare
        statement text;
    begin
        foreach statement in array statements loop
            message := null;
            begin
                execute statement;
                get diagnostics rows = row_count;
                state := '00000';
            exception when others then
                state := sqlstate;
                message := left(sqlerrm, 300);
                rows := 0;
            end;
            return next;
        end loop;
    end
    $$;";

/// Puts right what misuse may have done to the directory of [`Acme`].
const MEND: &str = "
    insert into pgtoken.workspace (workspace_id, name) values ('acme', 'Acme'), ('globex', 'Globex')
    on conflict (workspace_id) do update set disabled_at = null;
    insert into pgtoken.app_user (user_id, name) values ('olga', 'Olga'), ('mia', 'Mia'), ('leo', 'Leo')
    on conflict (user_id) do update set disabled_at = null;
    insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
    values ('acme', 'olga', 'write', false), ('acme', 'mia', 'full', true), ('acme', 'leo', 'read', false)
    on conflict (workspace_id, user_id) do update set scope = excluded.scope;
    insert into pgtoken.target (target_id, workspace_id) values ('lobby', 'acme'), ('windows', 'acme')
    on conflict (target_id) do update set workspace_id = 'acme';
    insert into pgtoken.zone (target_id, zone_id)
    values ('windows', 'main'), ('windows', 'ticker'), ('lobby', 'left')
    on conflict do nothing";

const ISSUE: &[&str] = &[
    "'t', 'olga'",
    "'t', 'olga', 'write', 'acme', '{publish}', rate_limit => 3",
    "'t', 'mia', 'full', 'acme', '{upload,audit}', allowed_addrs => '{10.0.0.0/8}'",
    "'t', 'mia', 'agency', 'acme', grants => '{\"windows\": [\"main\"], \"lobby\": true}'",
    "'t', 'leo', null, 'acme', prefix => 'pv_live', ttl => '1 hour'",
];

/// Who calls: the role, and whether it can call everything.
pub const ROLES: &[&str] = &[
    "pgtoken_verifier",
    "pgtoken_issuer",
    "pgtoken_directory",
    "pgtoken_auditor",
    "pgtoken_admin",
    "stranger",
    "postgres",
];

/// The database.
pub struct Sandbox {
    /// One connection for each of [`ROLES`]; they go before the database does.
    pub clients: Vec<Client>,
    /// As superuser.
    pub acme: Acme,
    /// What arguments can refer to.
    pub known: Known,
}

/// How a statement ended.
#[derive(Debug)]
pub struct Ending {
    /// Its SQLSTATE; `00000` if it went well.
    pub state: String,
    /// The rows it returned or changed.
    pub rows: i64,
    /// What it raised.
    pub message: Option<String>,
}

impl Sandbox {
    /// On a cluster of its own or another's.
    pub fn on(cluster: &'static Cluster) -> Sandbox {
        let mut acme = Acme::on(cluster);
        rows(&mut acme.client, DRIVER);
        let clients = ROLES.iter().map(|role| match *role {
            "postgres" => acme.db.client(),
            "stranger" => acme.db.client_as_stranger(),
            role => acme.db.client_as(role),
        });
        let clients = clients.collect();
        let mut sandbox = Sandbox {
            acme,
            clients,
            known: Known::default(),
        };
        sandbox.refresh();
        sandbox
    }

    /// The roles that the connections have logged in as.
    pub fn logins(&mut self) -> Vec<String> {
        let clients = self.clients.iter_mut();
        clients
            .map(|client| row(client, "select session_user"))
            .collect()
    }

    /// Mends the directory and issues new tokens, of which arguments know the last.
    pub fn refresh(&mut self) {
        const KNOWN: usize = 40;
        rows(&mut self.acme.client, MEND);
        for arguments in ISSUE {
            let issued = self.acme.issue(arguments);
            self.known.tokens.push(issued.text);
            self.known.ids.push(issued.id);
        }
        let old = self.known.tokens.len().saturating_sub(KNOWN);
        self.known.tokens.drain(..old);
        self.known.ids.drain(..old);
    }

    /// Runs statements as one of [`ROLES`] in one transaction, which `end` commits or rolls back.
    pub fn run(
        &mut self,
        role: usize,
        statements: &[String],
        begin: &str,
        end: &str,
    ) -> Result<Vec<Ending>, postgres::Error> {
        let client = &mut self.clients[role];
        client.batch_execute(begin)?;
        let run = "select state, rows, message from prove.run($1)";
        let answered = client.query(run, &[&statements]);
        client.batch_execute(if answered.is_ok() { end } else { "rollback" })?;
        let ending = |row: &postgres::Row| Ending {
            state: row.get(0),
            rows: row.get(1),
            message: row.get(2),
        };
        Ok(answered?.iter().map(ending).collect())
    }
}
