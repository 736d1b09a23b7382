//! Tokens, filtered, sorted and paged.

use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use super::{MAX_PAGE, USUAL_PAGE, VISIBLE};
use crate::caller::Caller;
use crate::error::Error;
use crate::manage::{max_rows as checked_rows, required};
use crate::pg::Row;

const STATES: [&str; 5] = ["active", "suspended", "disabled", "expired", "revoked"];

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn list_tokens(
    user_id: Option<&str>,
    workspace_id: Option<&str>,
    scope: Option<&str>,
    target_id: Option<&str>,
    state: Option<&str>,
    search: Option<&str>,
    expires_before: Option<TimestampWithTimeZone>,
    unused_since: Option<TimestampWithTimeZone>,
    sort: Option<&str>,
    after: Option<Uuid>,
    max_rows: Option<i32>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let sort = Sort::parse(required("sort", sort)?)?;
    let rows = checked_rows(max_rows, USUAL_PAGE, MAX_PAGE)?;
    if let Some(state) = state
        && !STATES.contains(&state)
    {
        return Err(Error::invalid(
            "state",
            format!("\"{state}\" is none of {}", STATES.join(", ")),
        )
        .into());
    }
    let page = Spi::connect(|client| {
        if let Some(after) = after {
            check_after(client, &caller, after)?;
        }
        Row::all(client.select(
            sort.statement(search).as_str(),
            None,
            &[
                caller.as_user.as_deref().into(),
                user_id.into(),
                workspace_id.into(),
                scope.into(),
                target_id.into(),
                state.into(),
                search.map(like).into(),
                expires_before.into(),
                unused_since.into(),
                after.into(),
                rows.into(),
            ],
        )?)
    })?;
    Ok(SetOfIterator::new(page))
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sort {
    /// The expression to sort by, over `t`.
    key: &'static str,
    descending: bool,
}

/// What can be sorted by.
const KEYS: [&str; 8] = [
    "created_at",
    "name",
    "user_id",
    "workspace_id",
    "scope",
    "expires_at",
    "last_used_at",
    "use_count",
];

/// Those of them that can be null.
const NULLABLE: [&str; 4] = ["workspace_id", "scope", "expires_at", "last_used_at"];

impl Sort {
    fn parse(text: &str) -> Result<Sort, Error> {
        let mut words = text.split_ascii_whitespace();
        let key = words
            .next()
            .and_then(|word| KEYS.into_iter().find(|key| *key == word));
        let descending = match words.next() {
            None | Some("asc") => Some(false),
            Some("desc") => Some(true),
            Some(_) => None,
        };
        match (key, descending, words.next()) {
            (Some(key), Some(descending), None) => Ok(Sort { key, descending }),
            _ => Err(Error::invalid(
                "sort",
                format!(
                    "\"{text}\" must be one of {}, then asc or desc",
                    KEYS.join(", ")
                ),
            )),
        }
    }

    /// The page after row `$10`, or the first. Nulls come last in both directions; ties are broken by id.
    fn statement(self, search: Option<&str>) -> String {
        let key = self.key;
        // Ignoring case costs a third where only ASCII has to be folded: 44 ms for 100,000 rows, not 119.
        let folding = match search.is_some_and(str::is_ascii) {
            true => "collate \"C\"",
            false => "",
        };
        let (direction, beyond) = if self.descending {
            ("desc", "<")
        } else {
            ("asc", ">")
        };
        // Spelled out only where it says something: "desc nulls last" would not fit the index on created_at.
        let nulls = if NULLABLE.contains(&key) {
            "nulls last"
        } else {
            ""
        };
        format!(
            "with cursor as materialized (
                 select t.{key} as key, t.id from pgtoken.tokens as t where t.id = $10
             ),
             -- only the rows of the page are made whole, not all that fit and are sorted
             page as materialized (
             select t.{key} as key, t.id
             from pgtoken.tokens as t
             where {VISIBLE}
               and ($2 is null or t.user_id = $2)
               and ($3 is null or t.workspace_id = $3)
               and ($4 is null or t.scope = $4)
               and ($5 is null or exists (
                   select from pgtoken.token_grant as g where g.token_id = t.id and g.target_id = $5
               ))
               and ($6 is null or t.state = $6)
               and ($7 is null or t.name {folding} ilike $7 or t.start {folding} ilike $7)
               and ($8 is null or t.expires_at < $8)
               and ($9 is null or (t.created_at < $9 and (t.last_used_at is null or t.last_used_at < $9)))
               and ($10 is null or exists (
                   select from cursor as c
                   where t.{key} {beyond} c.key
                      or (t.{key} = c.key and t.id {beyond} c.id)
                      or (t.{key} is null and (c.key is not null or t.id {beyond} c.id))
               ))
             order by t.{key} {direction} {nulls}, t.id {direction}
             limit $11
             )
             select whole.t
             from page as p
             cross join lateral (select t from pgtoken.tokens as t where t.id = p.id offset 0) as whole
             order by p.key {direction} {nulls}, p.id {direction}"
        )
    }
}

/// A search text as a pattern that finds it anywhere.
pub fn like(search: &str) -> String {
    let mut pattern = String::from("%");
    for character in search.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// A page can only follow a token that is there and that the caller may see.
fn check_after(client: &SpiClient<'_>, caller: &Caller, after: Uuid) -> Result<(), Error> {
    let found = client.select(
        format!("select from pgtoken.token as t where {VISIBLE} and t.id = $2").as_str(),
        None,
        &[caller.as_user.as_deref().into(), after.into()],
    )?;
    if found.is_empty() {
        return Err(Error::invalid(
            "after",
            format!("token {after} is not there; begin again with the first page"),
        ));
    }
    Ok(())
}
