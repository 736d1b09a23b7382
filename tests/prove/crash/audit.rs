//! What the database has, against what the clients were told.
use super::client::Client;
use super::token::{Shape, Token};
use pgtoken_tests::Database;
use std::collections::BTreeMap;

/// A token as it is in the tables.
#[derive(Debug)]
struct Row {
    shape: Shape,
    /// A live token is good for something: its owner, workspace and grants are whole.
    state: String,
    rotated_from: Option<String>,
    key: Option<String>,
}

const ROWS: &str = "
    select t.id::text, t.state, t.rotated_from::text, t.request_id,
           (select string_agg(g.target_id || '/' || g.zone_id, ' ') from pgtoken.token_grant as g where g.token_id = t.id),
           (select string_agg(e.kind, ' ' order by e.id) from pgtoken.event as e where e.token_id = t.id)
    from pgtoken.tokens as t
    where t.user_id = $1";

/// Every way in which the tables disagree with a client. Where something was in doubt, the client learns what came of
/// it; what is returned beside says which token was issued under which key.
pub fn audit(db: &Database<'_>, client: &mut Client) -> (Vec<String>, BTreeMap<String, String>) {
    let mut rows = rows(db, &client.user);
    let keys: BTreeMap<String, String> = rows
        .iter()
        .filter_map(|(id, row)| Some((row.key.clone()?, id.clone())))
        .collect();
    let mut broken = Vec::new();
    let mut found = Vec::new();
    for token in &mut client.tokens {
        let Some(row) = rows.remove(&token.id) else {
            broken.push(format!("lost: {token:?}"));
            continue;
        };
        let is_right = token.possible().contains(&row.shape)
            && row.state
                == if row.shape.revoked {
                    "revoked"
                } else {
                    "active"
                }
            && row.key == token.key
            && row.rotated_from == token.rotated_from;
        if !is_right {
            broken.push(format!("{token:?} is {row:?}"));
        }
        let is_superseded = token.doubt.is_some() && row.shape.events.ends_with(" rotated");
        token.shape = row.shape;
        token.doubt = None;
        if is_superseded {
            found.extend(successor(&mut rows, token, &mut broken));
        }
    }
    for request in &client.requests {
        let Some(id) = keys.get(&request.key) else {
            continue;
        };
        let row = rows.remove(id).expect("it is under this key");
        if row.shape != Shape::new(request.zone) || row.state != "active" {
            broken.push(format!("{request:?} made {row:?}"));
        }
        found.push(Token {
            key: row.key,
            ..without_text(id, row.shape)
        });
    }
    client.tokens.extend(found);
    broken.extend(rows.iter().map(|row| format!("nobody asked for {row:?}")));
    (broken, keys)
}

/// The token that came of a rotation whose answer was lost: there must be one, with all that its predecessor had.
fn successor(
    rows: &mut BTreeMap<String, Row>,
    old: &Token,
    broken: &mut Vec<String>,
) -> Option<Token> {
    let is_successor = |row: &Row| row.rotated_from.as_ref() == Some(&old.id);
    let found = rows.iter().find(|(_, row)| is_successor(row));
    let Some(id) = found.map(|(id, _)| id.clone()) else {
        broken.push(format!("ended without a successor: {old:?}"));
        return None;
    };
    let row = rows.remove(&id)?;
    if row.shape != Shape::new(old.shape.zone) || row.state != "active" {
        broken.push(format!("{old:?} was succeeded by {row:?}"));
    }
    Some(Token {
        rotated_from: row.rotated_from,
        ..without_text(&id, row.shape)
    })
}

fn without_text(id: &str, shape: Shape) -> Token {
    Token {
        id: id.to_owned(),
        text: None,
        key: None,
        rotated_from: None,
        shape,
        doubt: None,
    }
}

fn rows(db: &Database<'_>, user: &str) -> BTreeMap<String, Row> {
    let rows = db.client().query(ROWS, &[&user]).expect("the server runs");
    let rows = rows.iter().map(|row| {
        let state: String = row.get(1);
        let grants: Option<String> = row.get(4);
        let zone = grants.map(|grants| {
            let zone = grants
                .strip_prefix("t/z")
                .and_then(|zone| zone.parse().ok());
            // More than one zone, where never more than one was granted, is the half of something.
            zone.unwrap_or(u8::MAX)
        });
        let shape = Shape {
            revoked: state == "revoked",
            zone,
            events: row.get::<_, Option<String>>(5).unwrap_or_default(),
        };
        let row_of = Row {
            shape,
            state,
            rotated_from: row.get(2),
            key: row.get(3),
        };
        (row.get(0), row_of)
    });
    rows.collect()
}
