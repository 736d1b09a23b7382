//! What an application writes to the directory, and what it should not.
use super::value::{Known, pick, value};
use rand::RngExt;
use rand::rngs::SmallRng;

const TABLES: &[(&str, &[(&str, &str)])] = &[
    (
        "app_user",
        &[
            ("user_id", "text"),
            ("name", "text"),
            ("email", "text"),
            ("disabled_at", "timestamp with time zone"),
            ("service_of", "text"),
            ("enabled", "boolean"),
        ],
    ),
    (
        "workspace",
        &[
            ("workspace_id", "text"),
            ("name", "text"),
            ("disabled_at", "timestamp with time zone"),
        ],
    ),
    (
        "member",
        &[
            ("workspace_id", "text"),
            ("user_id", "text"),
            ("scope", "text"),
            ("manages_tokens", "boolean"),
        ],
    ),
    (
        "target",
        &[
            ("target_id", "text"),
            ("workspace_id", "text"),
            ("name", "text"),
        ],
    ),
    (
        "zone",
        &[("target_id", "text"), ("zone", "text"), ("name", "text")],
    ),
];

/// One statement with made-up values.
pub fn statement(chance: &mut SmallRng, known: &Known) -> String {
    let (table, columns) = pick(chance, TABLES);
    let column = |name: &str| if name == "zone" { "zone_id" } else { name }.to_owned();
    let mut chosen: Vec<&(&str, &str)> =
        columns.iter().filter(|_| chance.random_bool(0.8)).collect();
    if chosen.is_empty() {
        chosen.push(&columns[0]);
    }
    let values: Vec<(String, String)> = chosen
        .iter()
        .map(|(name, kind)| (column(name), value(chance, known, name, kind)))
        .collect();
    let (key, kind) = columns[0];
    let which = format!("{} = {}", column(key), value(chance, known, key, kind));
    match chance.random_range(0..10) {
        0..5 => {
            let (names, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            let (names, values) = (names.join(", "), values.join(", "));
            format!(
                "insert into pgtoken.{table} ({names}) values ({values}) on conflict do nothing"
            )
        }
        5..9 => {
            let changes: Vec<String> = values.iter().map(|(n, v)| format!("{n} = {v}")).collect();
            format!(
                "update pgtoken.{table} set {} where {which}",
                changes.join(", ")
            )
        }
        _ => format!("delete from pgtoken.{table} where {which}"),
    }
}
