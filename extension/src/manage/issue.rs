//! Issuing.

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use pgtoken_format::{Prefix, Token};
use pgtoken_rules::Grants;
use serde_json::json;

use super::check::{self, RateLimit};
use super::draft::{Draft, Life};
use super::event::{self, Detail};
use super::insert::{Origin, RequestKey, insert, issued_row};
use super::{directory, lifetime, request};
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::{self, Cidrs, Jsonb, Key, Latest, Row, Scan, TokenRow};
use crate::settings;
use crate::verify::vocabulary;

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn issue_token(
    name: Option<&str>,
    user_id: Option<&str>,
    scope: Option<&str>,
    workspace_id: Option<&str>,
    permissions: Option<Vec<Option<String>>>,
    grants: Option<Jsonb>,
    auto_publish: Option<bool>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    rate_limit: Option<i32>,
    rate_window: Option<Interval>,
    allowed_addrs: Option<Cidrs>,
    metadata: Option<Jsonb>,
    prefix: Option<&str>,
    request_id: Option<&str>,
    as_user: Option<&str>,
    actor: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::manager(as_user, actor)?;
    let arguments = Arguments {
        name: check::name(name)?,
        user_id: check::required("user_id", user_id.or(as_user))?.to_owned(),
        scope: scope.map(str::to_owned),
        workspace_id: workspace_id.map(str::to_owned),
        permissions: check::permissions(permissions)?,
        grants_json: grants,
        auto_publish: auto_publish.unwrap_or(false),
        ttl,
        expires_at,
        rate: check::rate(rate_limit, rate_window)?,
        allowed_addrs,
        metadata: check::metadata(metadata)?,
        prefix: prefix.map(str::to_owned),
    };
    let row = Spi::connect_mut(|client| issue(client, &caller, arguments, request_id))?;
    Ok(SetOfIterator::new(row))
}

/// The arguments of a call, each checked by itself.
struct Arguments {
    name: String,
    user_id: String,
    scope: Option<String>,
    workspace_id: Option<String>,
    permissions: Vec<String>,
    grants_json: Option<Jsonb>,
    auto_publish: bool,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    rate: Option<RateLimit>,
    allowed_addrs: Option<Cidrs>,
    metadata: Jsonb,
    prefix: Option<String>,
}

fn issue(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    arguments: Arguments,
    request_id: Option<&str>,
) -> Result<Vec<Row>, Error> {
    let request = request::key(request_id, caller, || arguments.canonical(client))?;
    if let Some(request) = &request
        && let Some(id) = request::find(client, request, caller)?
    {
        return issued_row(client, None, id);
    }
    let prefix = check::prefix(arguments.prefix.as_deref())?;
    let draft = arguments.into_draft(client)?;
    issue_draft(client, caller, &draft, &prefix, request)
}

impl Arguments {
    /// What a repeated request must repeat: what was given, not what settings made of it. What is null is left out,
    /// so that an argument added by a later version changes nothing for those who don't give it.
    fn canonical(&self, client: &SpiClient<'_>) -> Result<serde_json::Value, Error> {
        let networks: Option<String> = client
            .select("select $1::text", None, &[self.allowed_addrs.into()])?
            .first()
            .get_one()?;
        let ttl = self.ttl.map(|ttl| (ttl.months(), ttl.days(), ttl.micros()));
        let mut canonical = json!({
            "name": self.name,
            "user_id": self.user_id,
            "scope": self.scope,
            "workspace_id": self.workspace_id,
            "permissions": self.permissions,
            "grants": self.grants_json.as_ref().map(|grants| &grants.0),
            "auto_publish": self.auto_publish,
            "ttl": ttl,
            "expires_at": self.expires_at.map(TimestampWithTimeZone::into_inner),
            "rate": self.rate.map(|rate| (rate.limit, rate.seconds)),
            "allowed_addrs": networks,
            "metadata": self.metadata.0,
            "prefix": self.prefix,
        });
        if let Some(canonical) = canonical.as_object_mut() {
            canonical.retain(|_, value| !value.is_null());
        }
        Ok(canonical)
    }

    fn into_draft(self, client: &SpiClient<'_>) -> Result<Draft, Error> {
        Ok(Draft {
            name: self.name,
            user_id: self.user_id,
            workspace_id: self.workspace_id,
            scope: self.scope,
            permissions: self.permissions,
            grants: parse_grants(self.grants_json)?,
            auto_publish: self.auto_publish,
            expires_at: lifetime::of_new_token(client, self.ttl, self.expires_at, pg::now())?,
            rate: self.rate,
            allowed_addrs: check::networks(client, self.allowed_addrs)?,
            metadata: self.metadata,
        })
    }
}

/// Grants in their JSON shape; none where null.
pub fn parse_grants(given: Option<Jsonb>) -> Result<Grants, Error> {
    match given {
        None => Ok(Grants::default()),
        Some(Jsonb(json)) => {
            Grants::parse(&json).map_err(|problem| Error::invalid("grants", problem))
        }
    }
}

fn issue_draft(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    draft: &Draft,
    prefix: &Prefix,
    request: Option<RequestKey>,
) -> Result<Vec<Row>, Error> {
    let vocabulary = vocabulary();
    let owner = directory::lock_owner(
        client,
        &draft.user_id,
        draft.workspace_id.as_deref(),
        caller.as_user.as_deref(),
    )?;
    draft.check_words(&vocabulary, Life::Live)?;
    draft.check_owner(&vocabulary, &owner)?;
    draft.check_issuer(client, &vocabulary, &owner, caller)?;
    draft.lock_grants(client)?;
    if let Err(full) = check_count(client, &draft.user_id) {
        // The one who took the last place may be a concurrent twin of the same request.
        let twin = match &request {
            Some(request) => request::find(client, request, caller)?,
            None => None,
        };
        return issued_row(client, None, twin.ok_or(full)?);
    }

    let token = Token::generate(prefix)?;
    let origin = Origin {
        request: request.clone(),
        ..Origin::issued(&token, &caller.actor)
    };
    if let Some(id) = insert(client, draft, &origin, &owner)? {
        event::record(client, caller, "issued", &[id], issued_detail(draft))?;
        return issued_row(client, Some(token.as_str()), id);
    }
    // Only a concurrent twin of the same request can have been there before.
    match &request {
        Some(request) => match request::find(client, request, caller)? {
            Some(id) => issued_row(client, None, id),
            None => Err(twin_vanished()),
        },
        None => Err(twin_vanished()),
    }
}

fn twin_vanished() -> Error {
    Error::invalid(
        "request_id",
        "was used by a token that was deleted at the same time; try again",
    )
}

/// What the log says of a new token.
pub fn issued_detail(draft: &Draft) -> Detail {
    Detail::of(json!({
        "scope": draft.scope,
        "permissions": (!draft.permissions.is_empty()).then_some(&draft.permissions),
        "grants": (!draft.grants.is_empty()).then(|| draft.grants.to_json()),
        "auto_publish": draft.auto_publish.then_some(true),
    }))
}

const LOCK_USER_TO_COUNT: &str = "
    select from pgtoken.app_user as u
    where u.user_id = $1
    for no key update";

/// Whether the owner may have one more live token; locks the owner, so that two issues cannot share the last place.
pub fn check_count(client: &mut SpiClient<'_>, user_id: &str) -> Result<(), Error> {
    let Some(most) = settings::max_tokens_per_user() else {
        return Ok(());
    };
    client.update(LOCK_USER_TO_COUNT, None, &[user_id.into()])?;
    let live = live_tokens(user_id);
    if live >= u64::from(most) {
        return Err(Error::invalid(
            "user_id",
            format!(
                "user \"{user_id}\" has {live} live tokens and pgtoken.max_tokens_per_user allows {most}"
            ),
        ));
    }
    Ok(())
}

/// The live tokens of a user who is locked. Whoever had the lock before may have issued one after this transaction
/// took its snapshot, so that one does not count.
fn live_tokens(user_id: &str) -> u64 {
    let _latest = Latest::enter();
    let now = pg::now();
    let mut live = 0;
    let mut tokens = Scan::open(c"token", c"token_user_id_idx", &[Key::Text(user_id)]);
    while let Some(token) = tokens.next() {
        let standing = TokenRow::new(token).standing();
        let expired = standing.expires_at.is_some_and(|at| at <= now);
        live += u64::from(!standing.revoked && !expired);
    }
    live
}
