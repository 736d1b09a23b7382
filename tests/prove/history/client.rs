//! One client of pgtoken, who does one thing at a time, in SQL or over HTTP.
use super::stage::{Stage, Token};
use super::statement::{request_of, sql_of};
use super::terms::{Change, Outcome, Question, Verdict};
use super::words::{Asked, verdict_of};
use pgtoken_tests::{ADMIN_SECRET, Database, Facade, Http, HttpAnswer, VERIFIER_SECRET, error_of};
use postgres::{Row, SimpleQueryMessage, Statement};
use serde_json::{Map, Value, json};

/// How a client speaks to pgtoken.
pub enum Client {
    Sql(Box<Sql>),
    Http(Http),
}

/// A connection to the database with what it asks most.
pub struct Sql {
    connection: postgres::Client,
    one: Statement,
    many: Statement,
}

const ONE: &str = "select code, scope, zone
    from pgtoken.verify_token($1, scope => $2, target => $3, zone => $4)";
const MANY: &str = "select code, scope, zone
    from pgtoken.verify_tokens($1, scopes => $2, targets => $3, zones => $4)
    order by n";

impl Client {
    pub fn of_database(db: &Database<'_>) -> Client {
        let mut connection = db.client();
        let [one, many] = [ONE, MANY].map(|sql| connection.prepare(sql).expect("it is SQL"));
        Client::Sql(Box::new(Sql {
            connection,
            one,
            many,
        }))
    }

    pub fn of_facade(facade: &Facade) -> Client {
        Client::Http(Http::connect(&facade.url("")).expect("the facade listens"))
    }

    /// Asks one question.
    pub fn ask(&mut self, stage: &Stage, question: Question) -> Verdict {
        let Asked {
            text,
            scope,
            target,
            zone,
        } = Asked::new(stage, question);
        match self {
            Client::Sql(sql) => {
                let row = sql
                    .connection
                    .query_one(&sql.one, &[&text, &scope, &target, &zone]);
                of_row(&row.expect("a verification never raises"))
            }
            Client::Http(http) => {
                let mut body = Map::from_iter([("token".to_owned(), json!(text))]);
                let asked = [
                    ("scope", scope.map(str::to_owned)),
                    ("target", target),
                    ("zone", zone),
                ];
                body.extend(
                    asked
                        .into_iter()
                        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))),
                );
                let answer = send(http, VERIFIER_SECRET, "POST", "/v1/verify", &body.into());
                assert_eq!(answer.status, 200, "{answer:?}");
                let verdict = answer.json();
                let text = |field: &str| verdict[field].as_str();
                verdict_of(text("code").expect("a text"), text("scope"), text("zone"))
            }
        }
    }

    /// Asks many questions in one statement; in SQL only.
    pub fn ask_many(&mut self, stage: &Stage, questions: &[Question]) -> Option<Vec<Verdict>> {
        let Client::Sql(sql) = self else {
            return None;
        };
        let asked = || {
            questions
                .iter()
                .map(|question| Asked::new(stage, *question))
        };
        let texts: Vec<&str> = asked().map(|asked| asked.text).collect();
        let scopes: Vec<Option<&str>> = asked().map(|asked| asked.scope).collect();
        let targets: Vec<Option<String>> = asked().map(|asked| asked.target).collect();
        let zones: Vec<Option<String>> = asked().map(|asked| asked.zone).collect();
        let rows = sql
            .connection
            .query(&sql.many, &[&texts, &scopes, &targets, &zones]);
        let rows = rows.expect("a verification never raises");
        assert_eq!(rows.len(), questions.len());
        Some(rows.iter().map(of_row).collect())
    }

    /// Whether this client can make the change: the facade does not write the directory, and does not import.
    pub fn can(&self, change: Change) -> bool {
        match change {
            Change::Issue(..) | Change::Revoke(_) | Change::Enable(..) | Change::Grant(..) => true,
            _ => matches!(self, Client::Sql(_)),
        }
    }

    /// Makes a change, and returns the token that was issued, if one was.
    pub fn make(&mut self, stage: &Stage, change: Change) -> (Outcome, Option<Token>) {
        match self {
            Client::Sql(sql) => sql.make(&sql_of(stage, change)),
            Client::Http(http) => {
                let (method, path, body) = request_of(stage, change);
                outcome_of(&send(http, ADMIN_SECRET, method, &path, &body))
            }
        }
    }
}

impl Sql {
    fn make(&mut self, sql: &str) -> (Outcome, Option<Token>) {
        let answer = self.connection.simple_query(sql);
        let Ok(messages) = answer else {
            let error = error_of(answer);
            let outcome = match error.code.as_str() {
                "42501" => Outcome::Forbidden,
                "22023" => Outcome::Invalid,
                "P0002" => Outcome::NotFound,
                "55000" => Outcome::Ended,
                _ => panic!("{sql}: {error}"),
            };
            return (outcome, None);
        };
        let mut outcome = Outcome::Done;
        let mut issued = None;
        for message in messages {
            match message {
                SimpleQueryMessage::CommandComplete(0) => outcome = Outcome::Nothing,
                SimpleQueryMessage::Row(row) if row.len() == 2 => {
                    let column = |i| row.get(i).expect("it is never null").to_owned();
                    issued = Some(Token {
                        id: column(0),
                        text: column(1),
                    });
                }
                _ => {}
            }
        }
        (outcome, issued)
    }
}

fn of_row(row: &Row) -> Verdict {
    verdict_of(row.get(0), row.get(1), row.get(2))
}

fn send(http: &mut Http, secret: &str, method: &str, path: &str, body: &Value) -> HttpAnswer {
    let bearer = format!("Authorization: Bearer {secret}");
    let headers = [bearer.as_str(), "Content-Type: application/json"];
    let answer = match body {
        Value::Null => http.ask(method, path, &headers[..1], ""),
        body => http.ask(method, path, &headers, &body.to_string()),
    };
    answer.expect("the facade answers")
}

fn outcome_of(answer: &HttpAnswer) -> (Outcome, Option<Token>) {
    let outcome = match answer.status {
        200 | 201 => Outcome::Done,
        403 => Outcome::Forbidden,
        404 => Outcome::NotFound,
        409 => Outcome::Ended,
        422 => Outcome::Invalid,
        _ => panic!("{answer:?}"),
    };
    let issued = (answer.status == 201).then(|| {
        let row = answer.json();
        let text = |field: &str| row[field].as_str().expect("a text").to_owned();
        Token {
            id: text("id"),
            text: text("token"),
        }
    });
    (outcome, issued)
}
