//! The order of checks, from a digest to a decision.

use std::borrow::Cow;

use pgrx::Uuid;
use pgtoken_rules::{Authority, Code, Vocabulary, scope_suffices};

use super::question::{Presented, Question};
use crate::pg::{Effect, Found, Key, Scan, TokenRow, Unique};

/// What the tables say to a question; the rate is not asked yet.
pub enum Decision<'a> {
    /// No token has this text.
    Unknown(Code),
    /// A genuine token that may not.
    Denied(Code, Uuid),
    /// A token that may, and its row.
    Allowed(Found, Effect<'a>),
}

const TOKEN: Unique = Unique {
    table: c"token",
    index: c"token_digest_key",
    columns: &[2],
};
const TOKEN_TARGET: Unique = Unique {
    table: c"token_target",
    index: c"token_target_pkey",
    columns: &[1, 2],
};
const TOKEN_ZONE: Unique = Unique {
    table: c"token_zone",
    index: c"token_zone_pkey",
    columns: &[1, 2, 3],
};
const TARGET: Unique = Unique {
    table: c"target",
    index: c"target_workspace_id_target_id_key",
    columns: &[2, 1],
};
const ZONE: Unique = Unique {
    table: c"zone",
    index: c"zone_pkey",
    columns: &[1, 2],
};

/// Reads the token, and its grants where they matter, and decides at `now` (microseconds since 2000).
pub fn decide<'a>(
    presented: Presented,
    question: &Question<'a>,
    vocabulary: &'a Vocabulary,
    now: i64,
) -> Decision<'a> {
    let Presented::Digest(digest) = presented else {
        return Decision::Unknown(Code::Malformed);
    };
    let Some(token) = TOKEN.find(&[Key::Bytes(&digest)]) else {
        return Decision::Unknown(Code::NotFound);
    };
    let row = TokenRow::new(token.tuple());
    match effect(row, question, vocabulary, now) {
        Ok(effect) => Decision::Allowed(token, effect),
        Err(code) => Decision::Denied(code, row.id()),
    }
}

fn effect<'a>(
    token: TokenRow<'_>,
    question: &Question<'a>,
    vocabulary: &'a Vocabulary,
    now: i64,
) -> Result<Effect<'a>, Code> {
    let authority = token.standing().authority(now)?;
    if question.workspace_id.is_some() && question.workspace_id != token.workspace_id() {
        return Err(Code::WrongWorkspace);
    }
    let scope = check_scope(token, question, vocabulary, authority)?;
    let permissions = check_permissions(token, question, vocabulary, authority)?;
    let zone = if is_confined(token, vocabulary) {
        confined_zone(token.id(), question)?
    } else {
        unconfined_zone(token.workspace_id(), question)?
    };
    if !token.allows_client(question.client_addr) {
        return Err(Code::AddressForbidden);
    }
    Ok(Effect {
        scope,
        permissions,
        target: question.target,
        zone,
    })
}

fn is_confined(token: TokenRow<'_>, vocabulary: &Vocabulary) -> bool {
    token
        .scope()
        .and_then(|scope| vocabulary.scope(scope))
        .is_some_and(|scope| scope.confined)
}

/// The scope in effect, if it is enough.
fn check_scope<'a>(
    token: TokenRow<'_>,
    question: &Question<'_>,
    vocabulary: &'a Vocabulary,
    authority: Authority<'_>,
) -> Result<Option<&'a str>, Code> {
    let in_effect = token
        .scope()
        .and_then(|given| vocabulary.scope_in_effect(given, authority));
    let suffices = scope_suffices(
        vocabulary,
        token.scope(),
        in_effect,
        question.scope,
        question.target.is_some(),
    );
    if !suffices {
        return Err(Code::InsufficientScope);
    }
    Ok(in_effect.map(|scope| scope.name.as_str()))
}

/// The permissions in effect, if all that are asked are among them; `None` is all that the token has.
fn check_permissions(
    token: TokenRow<'_>,
    question: &Question<'_>,
    vocabulary: &Vocabulary,
    authority: Authority<'_>,
) -> Result<Option<Vec<String>>, Code> {
    let (counting, idle): (Vec<&str>, Vec<&str>) = token
        .permissions()
        .partition(|permission| vocabulary.permission_counts(permission, authority));
    let all_counted = question
        .permissions
        .iter()
        .all(|asked| asked.is_some_and(|asked| counting.contains(&asked)));
    if !all_counted {
        return Err(Code::InsufficientPermissions);
    }
    if idle.is_empty() {
        return Ok(None);
    }
    Ok(Some(counting.into_iter().map(str::to_owned).collect()))
}

/// The zone that a confined token acts on, if it may act on the target and zone asked.
///
/// A target that was granted by zones is worth nothing once the last of them is gone.
fn confined_zone<'a>(token: Uuid, question: &Question<'a>) -> Result<Option<Cow<'a, str>>, Code> {
    let Some(target) = question.target else {
        if question.zone.is_some() {
            return Err(Code::ZoneForbidden);
        }
        return if has_any_grant(token) {
            Ok(None)
        } else {
            Err(Code::TargetForbidden)
        };
    };
    let whole = TOKEN_TARGET
        .find(&[Key::Uuid(token), Key::Text(target)])
        .ok_or(Code::TargetForbidden)?
        .tuple()
        .boolean(WHOLE)
        .unwrap_or(false);
    match (whole, question.zone) {
        (true, None) => Ok(None),
        (true, Some(zone)) => existing_zone(target, zone),
        (false, None) => only_zone(token, target),
        (false, Some(zone)) => granted_zone(token, target, zone),
    }
}

/// The column `whole` of `pgtoken.token_target`, and `zone_id` of `pgtoken.token_zone`; both third.
const WHOLE: usize = 3;
const ZONE_ID: usize = 3;

fn has_any_grant(token: Uuid) -> bool {
    if Scan::exists(c"token_zone", c"token_zone_pkey", &[Key::Uuid(token)]) {
        return true;
    }
    let mut targets = Scan::open(c"token_target", c"token_target_pkey", &[Key::Uuid(token)]);
    while let Some(target) = targets.next() {
        if target.boolean(WHOLE) == Some(true) {
            return true;
        }
    }
    false
}

/// The one zone granted of a target; with several, the caller must say which.
fn only_zone<'a>(token: Uuid, target: &str) -> Result<Option<Cow<'a, str>>, Code> {
    let keys = [Key::Uuid(token), Key::Text(target)];
    let mut zones = Scan::open(c"token_zone", c"token_zone_pkey", &keys);
    let zone = zones
        .next()
        .and_then(|zone| zone.text(ZONE_ID))
        .ok_or(Code::TargetForbidden)?
        .to_owned();
    if zones.next().is_some() {
        return Err(Code::ZoneRequired);
    }
    Ok(Some(Cow::Owned(zone)))
}

fn granted_zone<'a>(
    token: Uuid,
    target: &str,
    zone: &'a str,
) -> Result<Option<Cow<'a, str>>, Code> {
    let keys = [Key::Uuid(token), Key::Text(target), Key::Text(zone)];
    if TOKEN_ZONE.exists(&keys) {
        return Ok(Some(Cow::Borrowed(zone)));
    }
    if Scan::exists(c"token_zone", c"token_zone_pkey", &keys[..2]) {
        return Err(Code::ZoneForbidden);
    }
    Err(Code::TargetForbidden)
}

/// The zone asked of an unconfined token, if it exists and its target is in the token's workspace.
fn unconfined_zone<'a>(
    workspace_id: Option<&str>,
    question: &Question<'a>,
) -> Result<Option<Cow<'a, str>>, Code> {
    let Some(target) = question.target else {
        return match question.zone {
            None => Ok(None),
            Some(_) => Err(Code::ZoneForbidden),
        };
    };
    let workspace_id = workspace_id.ok_or(Code::TargetForbidden)?;
    if !TARGET.exists(&[Key::Text(workspace_id), Key::Text(target)]) {
        return Err(Code::TargetForbidden);
    }
    match question.zone {
        None => Ok(None),
        Some(zone) => existing_zone(target, zone),
    }
}

fn existing_zone<'a>(target: &str, zone: &'a str) -> Result<Option<Cow<'a, str>>, Code> {
    if ZONE.exists(&[Key::Text(target), Key::Text(zone)]) {
        Ok(Some(Cow::Borrowed(zone)))
    } else {
        Err(Code::ZoneForbidden)
    }
}
