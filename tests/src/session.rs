//! A connection whose statements can be left waiting while those of another go on.
use crate::database::Database;
use crate::error::{SqlError, error_of};
use crate::wait::wait_until;
use postgres::{Client, SimpleQueryMessage};
use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

/// The rows of a statement as text, columns joined by `|` and null as `∅`; or its error.
pub type Answer = Result<Vec<String>, SqlError>;

/// A connection with a thread of its own.
pub struct Session {
    pid: i32,
    statements: Sender<String>,
    answers: Receiver<Answer>,
    early: RefCell<Option<Answer>>,
}

/// How long a statement may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

impl Session {
    /// Connects as superuser.
    #[track_caller]
    pub fn open(db: &Database<'_>) -> Session {
        Session::of(db.client())
    }

    /// Takes over a connection.
    #[track_caller]
    pub fn of(mut client: Client) -> Session {
        let pid = client
            .query_one("select pg_backend_pid()", &[])
            .expect("every backend has a process id")
            .get(0);
        let (statements, requests) = channel::<String>();
        let (replies, answers) = channel();
        std::thread::spawn(move || {
            while let Ok(sql) = requests.recv() {
                if replies.send(answer(&mut client, &sql)).is_err() {
                    return;
                }
            }
        });
        Session {
            pid,
            statements,
            answers,
            early: RefCell::new(None),
        }
    }

    /// Sends a script and doesn't wait for it.
    pub fn start(&self, sql: &str) {
        self.statements
            .send(sql.to_owned())
            .expect("the thread lives as long as the session");
    }

    /// Waits for what was started.
    #[track_caller]
    pub fn finish(&self) -> Answer {
        match self.early.take() {
            Some(answer) => answer,
            None => self
                .answers
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no answer within {PATIENCE:?}")),
        }
    }

    /// Runs a script that may fail; the rows are those of its last query.
    #[track_caller]
    pub fn attempt(&self, sql: &str) -> Answer {
        self.start(sql);
        self.finish()
    }

    /// Runs a script that must succeed.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.attempt(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The only row of a query.
    #[track_caller]
    pub fn row(&self, sql: &str) -> String {
        let mut rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "one row: {sql}: {rows:?}");
        rows.remove(0)
    }

    /// The error of a script that must fail.
    #[track_caller]
    pub fn error(&self, sql: &str) -> SqlError {
        self.attempt(sql)
            .expect_err(&format!("should have failed: {sql}"))
    }

    /// Waits until what was started has ended, or waits for a lock; returns whether it waits.
    #[track_caller]
    pub fn waits(&self, observer: &Session) -> bool {
        let mut waits = false;
        wait_until(PATIENCE, "the statement ends or waits for a lock", || {
            match self.answers.try_recv() {
                Ok(answer) => {
                    self.early.replace(Some(answer));
                    return true;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => panic!("the session's thread has ended"),
            }
            waits = observer.row(&format!(
                "select wait_event_type is not distinct from 'Lock' from pg_stat_activity where pid = {}",
                self.pid
            )) == "t";
            waits
        });
        waits
    }
}

fn answer(client: &mut Client, sql: &str) -> Answer {
    let messages = match client.simple_query(sql) {
        Ok(messages) => messages,
        Err(error) if error.as_db_error().is_some() => return Err(error_of::<()>(Err(error))),
        Err(error) => {
            return Err(SqlError {
                code: "08006".to_owned(),
                message: error.to_string(),
                detail: None,
                hint: None,
            });
        }
    };
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(_) => rows.clear(),
            SimpleQueryMessage::Row(row) => {
                let columns = (0..row.len()).map(|column| row.get(column).unwrap_or("∅"));
                rows.push(columns.collect::<Vec<_>>().join("|"));
            }
            _ => {}
        }
    }
    Ok(rows)
}
