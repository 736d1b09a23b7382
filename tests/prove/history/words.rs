//! The terms of a stage in the words of the contract, and back.
use super::stage::Stage;
use super::terms::{CASTING, Grants, Kind, Place, Question, Rung, Scope, Verdict, ZONES};
use pgtoken_rules::Code;
use serde_json::{Map, Value, json};

/// A question in the words of the contract.
pub struct Asked<'a> {
    pub text: &'a str,
    pub scope: Option<&'static str>,
    pub target: Option<String>,
    pub zone: Option<String>,
}

impl<'a> Asked<'a> {
    pub fn new(stage: &'a Stage, question: Question) -> Asked<'a> {
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

/// A scope of the ladder.
pub fn word(rung: Rung) -> &'static str {
    match rung {
        Rung::Read => "read",
        Rung::Write => "write",
        Rung::Full => "full",
    }
}

/// A verdict.
pub fn verdict_of(code: &str, scope: Option<&str>, zone: Option<&str>) -> Verdict {
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
pub fn arguments(stage: &Stage, token: usize, grants: Grants) -> Map<String, Value> {
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

/// Grants of the stage's target.
pub fn grants_of(stage: &Stage, grants: Grants) -> Value {
    let granted = match grants {
        Grants::Whole => json!(true),
        Grants::Zones(zones) => (0..ZONES)
            .filter(|zone| zones & (1 << zone) != 0)
            .map(|zone| format!("z{zone}"))
            .collect(),
    };
    json!({ format!("t{}", stage.n): granted })
}
