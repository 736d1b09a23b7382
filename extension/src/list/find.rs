//! One token: by id, or by whatever somebody found of it.

use pgrx::Uuid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use super::VISIBLE;
use crate::caller::Caller;
use crate::error::Error;
use crate::manage::{not_found, required};
use crate::pg::Row;

/// Shorter fragments would fit too much.
const MIN_FRAGMENT: usize = 4;
/// As long as a `start` can be.
const MAX_START: usize = 31;

#[pg_extern(sql = false)]
fn get_token(id: Option<Uuid>, as_user: Option<&str>) -> Result<Row, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let id = required("id", id)?;
    let rows = Spi::connect(|client| by_id(client, &caller, id))?;
    Ok(rows.into_iter().next().ok_or_else(|| not_found(id))?)
}

#[pg_extern(sql = false)]
fn find_token(
    text: Option<&str>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let text = required("text", text)?.trim();
    let rows = Spi::connect(|client| {
        if let Ok(id) = uuid::Uuid::try_parse(text) {
            return by_id(client, &caller, Uuid::from_bytes(*id.as_bytes()));
        }
        let rows = by_digest(client, &caller, text)?;
        if rows.is_empty() {
            return by_start(client, &caller, text);
        }
        Ok(rows)
    })?;
    Ok(SetOfIterator::new(rows))
}

fn by_id(client: &SpiClient<'_>, caller: &Caller, id: Uuid) -> Result<Vec<Row>, Error> {
    let sql = format!("select t from pgtoken.tokens as t where {VISIBLE} and t.id = $2");
    Row::all(client.select(
        sql.as_str(),
        None,
        &[caller.as_user.as_deref().into(), id.into()],
    )?)
}

/// The token whose text, or the hexadecimal digest of whose text, this is.
fn by_digest(client: &SpiClient<'_>, caller: &Caller, text: &str) -> Result<Vec<Row>, Error> {
    let sql = format!(
        "select t from pgtoken.tokens as t
         where {VISIBLE}
           and t.id in (select k.id from pgtoken.token as k where k.digest = any ($2))"
    );
    let mut digests = vec![pgtoken_format::digest(text.as_bytes()).to_vec()];
    digests.extend(digest_from_hex(text));
    Row::all(client.select(
        sql.as_str(),
        None,
        &[caller.as_user.as_deref().into(), digests.into()],
    )?)
}

fn digest_from_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("\\x").unwrap_or(text).as_bytes();
    if text.len() != 64 {
        return None;
    }
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    text.chunks(2)
        .map(|pair| Some((nibble(pair[0])? * 16 + nibble(pair[1])?) as u8))
        .collect()
}

/// Tokens whose start begins with the fragment, or with whose start the fragment begins.
fn by_start(client: &SpiClient<'_>, caller: &Caller, text: &str) -> Result<Vec<Row>, Error> {
    if text.chars().count() < MIN_FRAGMENT {
        return Err(Error::invalid(
            "text",
            format!(
                "must be an id, a token, a digest in hexadecimal, or at least the first {MIN_FRAGMENT} characters of a token"
            ),
        ));
    }
    let sql = format!(
        "select t from pgtoken.tokens as t
         where {VISIBLE} and (t.start ^@ $2 or t.start = any ($3))
         order by t.created_at desc, t.id desc
         limit 50"
    );
    let beginnings: Vec<String> = (MIN_FRAGMENT..=MAX_START)
        .map(|length| text.chars().take(length).collect())
        .collect();
    Row::all(client.select(
        sql.as_str(),
        None,
        &[
            caller.as_user.as_deref().into(),
            text.into(),
            beginnings.into(),
        ],
    )?)
}
