//! Replacing what a confined token may act on.

use std::cell::Cell;

use pgrx::Uuid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use pgtoken_rules::{Grantor, Grants, Wish, within_authority};
use serde_json::json;

use super::directory;
use super::event::{self, Detail};
use super::existing::{self, Existing, Right};
use super::insert::insert_grants;
use super::issue::parse_grants;
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::Jsonb;
use crate::verify::vocabulary;

#[pg_extern(sql = false)]
fn grant_zones(
    id: Option<Uuid>,
    grants: Option<Jsonb>,
    as_user: Option<&str>,
    actor: Option<&str>,
) -> Result<Jsonb, ErrorReport> {
    let caller = Caller::manager(as_user, actor)?;
    let grants = parse_grants(Some(super::check::required("grants", grants)?))?;
    let now_in_force = Spi::connect_mut(|client| {
        let found = existing::find(client, &caller, id, Right::Change)?;
        let owner = directory::lock_owner(client, &found.1, found.2.as_deref(), None)?;
        let words = confined_words(client, found.0)?;
        let Some(workspace_id) = found.2.clone() else {
            return Err(Error::invalid(
                "id",
                "is a token without a workspace, which has no targets",
            ));
        };
        if grants.is_empty() {
            return Err(Error::invalid(
                "grants",
                "must name at least one target; revoke or disable the token to take everything away",
            ));
        }
        if !caller.is_administrator() {
            check_owner(&owner, &found.1, &workspace_id, &words)?;
        }
        directory::lock_grants(client, &workspace_id, &grants)?;
        let token = existing::lock(client, found)?;
        token.check_alive()?;
        replace(client, &caller, &token, &workspace_id, &grants)
    })?;
    Ok(now_in_force)
}

/// The scope and the permissions of a token.
struct Words {
    scope: String,
    permissions: Vec<String>,
}

/// The words of a token, whose scope must be confined.
fn confined_words(client: &SpiClient<'_>, id: Uuid) -> Result<Words, Error> {
    let row = client
        .select(
            "select t.scope, t.permissions from pgtoken.token as t where t.id = $1",
            None,
            &[id.into()],
        )?
        .first();
    if row.is_empty() {
        return Err(existing::not_found(id));
    }
    let scope: Option<String> = row.get(1)?;
    let scope = scope.unwrap_or_else(|| "none".to_owned());
    let confined = vocabulary()
        .scope(&scope)
        .is_some_and(|scope| scope.confined);
    if !confined {
        return Err(Error::invalid(
            "grants",
            format!("scope \"{scope}\" of the token is not confined and has no grants"),
        ));
    }
    Ok(Words {
        scope,
        permissions: row.get(2)?.unwrap_or_default(),
    })
}

/// A user grants anew only what it could issue itself, since the new grants may be wider.
fn check_owner(
    owner: &directory::Owner,
    user_id: &str,
    workspace_id: &str,
    words: &Words,
) -> Result<(), Error> {
    let authority = owner.authority(user_id, Some(workspace_id))?;
    let wish = Wish {
        scope: Some(&words.scope),
        permissions: &words.permissions,
    };
    let who = format!("user \"{user_id}\"");
    within_authority(&vocabulary(), wish, authority, Grantor::User, &who)
        .map_err(|excess| Error::forbidden("id", excess.problem))
}

fn replace(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    token: &Existing,
    workspace_id: &str,
    grants: &Grants,
) -> Result<Jsonb, Error> {
    let before = grants_in_force(client, token.id)?;
    {
        let _replacing = Replacing::begin();
        // Whoever deletes targets locks grants in this order.
        client.update(
            "select from pgtoken.token_target as g where g.token_id = $1 order by g.target_id for update",
            None,
            &[token.id.into()],
        )?;
        client.update(
            "delete from pgtoken.token_target where token_id = $1",
            None,
            &[token.id.into()],
        )?;
    }
    insert_grants(client, token.id, workspace_id, grants)?;
    let after = grants_in_force(client, token.id)?;
    let detail = Detail::of(json!({ "before": parsed(&before), "after": parsed(&after) }));
    event::record(client, caller, "grants_replaced", &[token.id], detail)?;
    Ok(after)
}

fn grants_in_force(client: &mut SpiClient<'_>, id: Uuid) -> Result<Jsonb, Error> {
    let grants: Option<Jsonb> = client
        .update(
            "select t.grants from pgtoken.tokens as t where t.id = $1",
            None,
            &[id.into()],
        )?
        .first()
        .get_one()?;
    Ok(grants.unwrap_or_else(|| Jsonb("{}".to_owned())))
}

fn parsed(grants: &Jsonb) -> serde_json::Value {
    serde_json::from_str(&grants.0).expect("grants in force are ids, lists and true")
}

thread_local! {
    static REPLACING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, grants that go are being replaced, not lost.
struct Replacing;

impl Replacing {
    fn begin() -> Replacing {
        REPLACING.set(true);
        Replacing
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        REPLACING.set(false);
    }
}

/// For the trigger that records lost grants.
#[pg_extern(sql = false)]
fn regranting() -> bool {
    REPLACING.get()
}
