//! One client of pgtoken, who does one thing at a time, in SQL or over HTTP.
use super::model::{
    CASTING, Change, Grants, Kind, Outcome, Place, Question, Rung, Scope, Verdict, ZONES,
};
use super::stage::{Stage, Token};
use pgtoken_rules::Code;
use pgtoken_tests::{ADMIN_SECRET, Database, Facade, Http, HttpAnswer, VERIFIER_SECRET, error_of};
use postgres::{Row, SimpleQueryMessage, Statement};
use serde_json::{Map, Value, json};

/// How a client speaks to pgtoken.
pub enum Client {
    Sql(Sql),
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
        Client::Sql(Sql {
            connection,
            one,
            many,
        })
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
            Client::Sql(Sql {
                connection, one, ..
            }) => {
                let row = connection.query_one(&*one, &[&text, &scope, &target, &zone]);
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
        let Client::Sql(Sql {
            connection, many, ..
        }) = self
        else {
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
        let rows = connection.query(&*many, &[&texts, &scopes, &targets, &zones]);
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

/// A question in the words of the contract.
struct Asked<'a> {
    text: &'a str,
    scope: Option<&'static str>,
    target: Option<String>,
    zone: Option<String>,
}

impl<'a> Asked<'a> {
    fn new(stage: &'a Stage, question: Question) -> Asked<'a> {
        let token = stage.token(question.token).expect("it is known");
        Asked {
            text: &token.text,
            scope: question.scope.map(|scope| match scope {
                Scope::Rung(rung) => word(rung),
                Scope::Agency => "agency",
            }),
            target: (question.place != Place::Nowhere).then(|| format!("t{}", stage.n)),
            zone: match question.place {
                Place::Zone(zone) => Some(format!("z{zone}")),
                Place::Nowhere | Place::Target => None,
            },
        }
    }
}

fn word(rung: Rung) -> &'static str {
    match rung {
        Rung::Read => "read",
        Rung::Write => "write",
        Rung::Full => "full",
    }
}

fn of_row(row: &Row) -> Verdict {
    verdict_of(row.get(0), row.get(1), row.get(2))
}

fn verdict_of(code: &str, scope: Option<&str>, zone: Option<&str>) -> Verdict {
    let known = Code::ALL.into_iter().find(|known| known.as_str() == code);
    Verdict {
        code: known.unwrap_or_else(|| panic!("no such code: {code}")),
        scope: scope.map(|scope| match scope {
            "read" => Scope::Rung(Rung::Read),
            "write" => Scope::Rung(Rung::Write),
            "full" => Scope::Rung(Rung::Full),
            "agency" => Scope::Agency,
            _ => panic!("no such scope: {scope}"),
        }),
        zone: zone.map(|zone| {
            let number = zone.strip_prefix('z').and_then(|zone| zone.parse().ok());
            number.unwrap_or_else(|| panic!("no such zone: {zone}"))
        }),
    }
}

/// What a token is to be, as arguments of `issue_token` and `import_token`, which have the names that JSON has.
fn arguments(stage: &Stage, token: usize, grants: Grants) -> Map<String, Value> {
    let Stage { n, .. } = stage;
    let kind = CASTING[token].kind;
    let mut arguments = Map::new();
    let mut add = |name: &str, value: Value| _ = arguments.insert(name.to_owned(), value);
    add("name", json!(format!("token {token}")));
    add("user_id", json!(format!("u{n}")));
    if kind != Kind::Free {
        add("workspace_id", json!(format!("w{n}")));
    }
    match kind {
        Kind::Free => add("scope", json!("read")),
        Kind::Ladder(rung) => add("scope", json!(word(rung))),
        Kind::Confined => {
            add("scope", json!("agency"));
            add("grants", grants_of(stage, grants));
        }
    }
    arguments
}

fn grants_of(stage: &Stage, grants: Grants) -> Value {
    let granted = match grants {
        Grants::Whole => json!(true),
        Grants::Zones(zones) => (0..ZONES)
            .filter(|zone| zones & (1 << zone) != 0)
            .map(|zone| format!("z{zone}"))
            .collect(),
    };
    json!({ format!("t{}", stage.n): granted })
}

fn sql_of(stage: &Stage, change: Change) -> String {
    let Stage { n, .. } = stage;
    let id = |token: usize| &stage.token(token).expect("it is known").id;
    let disabled_at = |enabled| if enabled { "null" } else { "now()" };
    match change {
        Change::Issue(token, grants) => {
            let arguments = named(&arguments(stage, token, grants));
            format!("select id, token from pgtoken.issue_token({arguments})")
        }
        Change::Import(token) => {
            let arguments = named(&arguments(stage, token, Grants::Whole));
            let (id, text) = (id(token), &stage.token(token).expect("it is known").text);
            format!("select from pgtoken.import_token(sha256('{text}'), {arguments}, id => '{id}')")
        }
        Change::Revoke(token) => format!("select from pgtoken.revoke_token('{}')", id(token)),
        Change::Enable(token, enabled) => format!(
            "select from pgtoken.update_token('{}', enabled => {enabled})",
            id(token)
        ),
        Change::Grant(token, grants) => format!(
            "select pgtoken.grant_zones('{}', '{}')",
            id(token),
            grants_of(stage, grants)
        ),
        Change::EnableUser(enabled) => format!(
            "update pgtoken.app_user set disabled_at = {} where user_id = 'u{n}'",
            disabled_at(enabled)
        ),
        Change::EnableWorkspace(enabled) => format!(
            "update pgtoken.workspace set disabled_at = {} where workspace_id = 'w{n}'",
            disabled_at(enabled)
        ),
        Change::Promote(rung) => format!(
            "update pgtoken.member set scope = '{}' where workspace_id = 'w{n}'",
            word(rung)
        ),
        Change::Leave => format!("delete from pgtoken.member where workspace_id = 'w{n}'"),
        Change::Join(rung) => format!(
            "insert into pgtoken.member (workspace_id, user_id, scope) values ('w{n}', 'u{n}', '{}')
             on conflict do nothing",
            word(rung)
        ),
        Change::AddZone(zone) => format!(
            "insert into pgtoken.zone (target_id, zone_id) values ('t{n}', 'z{zone}') on conflict do nothing"
        ),
        Change::DropZone(zone) => {
            format!("delete from pgtoken.zone where target_id = 't{n}' and zone_id = 'z{zone}'")
        }
    }
}

fn named(arguments: &Map<String, Value>) -> String {
    let named: Vec<String> = arguments
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name} => '{text}'"),
            other => format!("{name} => '{other}'"),
        })
        .collect();
    named.join(", ")
}

fn request_of(stage: &Stage, change: Change) -> (&'static str, String, Value) {
    let path = |token: usize| format!("/v1/tokens/{}", stage.token(token).expect("it is known").id);
    match change {
        Change::Issue(token, grants) => {
            let body = arguments(stage, token, grants).into();
            ("POST", "/v1/tokens".to_owned(), body)
        }
        Change::Revoke(token) => ("DELETE", path(token), Value::Null),
        Change::Enable(token, enabled) => ("PATCH", path(token), json!({ "enabled": enabled })),
        Change::Grant(token, grants) => {
            let body = json!({ "grants": grants_of(stage, grants) });
            ("PUT", format!("{}/grants", path(token)), body)
        }
        _ => panic!("the facade does not do this: {change:?}"),
    }
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
