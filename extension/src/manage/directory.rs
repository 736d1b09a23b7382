//! What the directory says of a token's owner, workspace and targets, locked until the transaction ends.

use std::collections::BTreeSet;

use pgrx::spi::SpiClient;
use pgtoken_rules::{Authority, Grants, Zones};

use crate::error::Error;

/// The owner of a token to be: what the token's derived columns will say.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Whether the user is enabled.
    pub enabled: bool,
    /// The workspace whose service user this is.
    pub service_of: Option<String>,
    /// Whether the workspace is enabled; `None` without a workspace.
    pub workspace_enabled: Option<bool>,
    /// The user's ladder scope in the workspace; `None` without one, or if the user is no member.
    pub scope: Option<String>,
}

/// A membership.
#[derive(Clone, Debug)]
pub struct Member {
    /// The ladder scope held.
    pub scope: String,
    /// Whether the member manages the workspace's tokens.
    pub manages_tokens: bool,
}

/// FOR KEY SHARE makes whoever takes authority away wait, and find the new token when done waiting.
const LOCK_WORKSPACE: &str = "
    select w.enabled
    from pgtoken.workspace as w
    where w.workspace_id = $1
    for key share";

const LOCK_USER: &str = "
    select u.enabled, u.service_of
    from pgtoken.app_user as u
    where u.user_id = $1
    for key share";

const LOCK_MEMBER: &str = "
    select m.scope, m.manages_tokens
    from pgtoken.member as m
    where m.workspace_id = $1 and m.user_id = $2
    for key share";

/// Two members at once, in the order in which sets of members are put.
const LOCK_MEMBERS: &str = "
    select from pgtoken.member as m
    where m.workspace_id = $1 and m.user_id = any ($2)
    order by m.user_id
    for key share";

const LOCK_TARGETS: &str = "
    select t.target_id
    from pgtoken.target as t
    where t.workspace_id = $1 and t.target_id = any ($2)
    order by t.target_id
    for key share";

const LOCK_ZONES: &str = "
    select z.target_id, z.zone_id
    from pgtoken.zone as z
    join unnest($1, $2) as wanted (target_id, zone_id) using (target_id, zone_id)
    order by z.target_id, z.zone_id
    for key share of z";

/// Locks and reads the owner and the workspace of a token to be, which must exist, and locks the user who issues it.
pub fn lock_owner(
    client: &mut SpiClient<'_>,
    user_id: &str,
    workspace_id: Option<&str>,
    issuer: Option<&str>,
) -> Result<Owner, Error> {
    let workspace_enabled = match workspace_id {
        Some(workspace_id) => Some(lock_workspace(client, workspace_id)?),
        None => None,
    };
    let user = client.update(LOCK_USER, None, &[user_id.into()])?.first();
    if user.is_empty() {
        return Err(Error::unknown(
            "user_id",
            format!("there is no user \"{user_id}\""),
            "insert into pgtoken.app_user (user_id, name) values (…)",
        ));
    }
    let enabled = user.get(1)?.unwrap_or(false);
    let service_of = user.get(2)?;
    let member = match workspace_id {
        Some(workspace_id) => {
            if let Some(issuer) = issuer {
                let members = vec![user_id, issuer];
                client.update(LOCK_MEMBERS, None, &[workspace_id.into(), members.into()])?;
            }
            lock_member(client, workspace_id, user_id)?
        }
        None => None,
    };
    Ok(Owner {
        enabled,
        service_of,
        workspace_enabled,
        scope: member.map(|member| member.scope),
    })
}

fn lock_workspace(client: &mut SpiClient<'_>, workspace_id: &str) -> Result<bool, Error> {
    let workspace = client
        .update(LOCK_WORKSPACE, None, &[workspace_id.into()])?
        .first();
    if workspace.is_empty() {
        return Err(Error::unknown(
            "workspace_id",
            format!("there is no workspace \"{workspace_id}\""),
            "insert into pgtoken.workspace (workspace_id, name) values (…)",
        ));
    }
    Ok(workspace.get(1)?.unwrap_or(false))
}

/// Locks and reads a membership.
pub fn lock_member(
    client: &mut SpiClient<'_>,
    workspace_id: &str,
    user_id: &str,
) -> Result<Option<Member>, Error> {
    let member = client
        .update(LOCK_MEMBER, None, &[workspace_id.into(), user_id.into()])?
        .first();
    if member.is_empty() {
        return Ok(None);
    }
    Ok(Some(Member {
        scope: member.get(1)?.unwrap_or_default(),
        manages_tokens: member.get(2)?.unwrap_or(false),
    }))
}

impl Owner {
    /// What the owner holds where the token would act; refuses who is disabled or no member.
    pub fn authority<'a>(
        &'a self,
        user_id: &str,
        workspace_id: Option<&str>,
    ) -> Result<Authority<'a>, Error> {
        if !self.enabled {
            return Err(Error::forbidden(
                "user_id",
                format!("user \"{user_id}\" is disabled"),
            ));
        }
        let Some(workspace_id) = workspace_id else {
            return Ok(Authority::Unbound);
        };
        if self.workspace_enabled != Some(true) {
            return Err(Error::forbidden(
                "workspace_id",
                format!("workspace \"{workspace_id}\" is disabled"),
            ));
        }
        match &self.scope {
            Some(scope) => Ok(Authority::Member(scope)),
            None => Err(Error::forbidden(
                "user_id",
                format!("user \"{user_id}\" is not a member of workspace \"{workspace_id}\""),
            )),
        }
    }
}

/// Locks the targets and zones that grants name; all must exist in the workspace.
pub fn lock_grants(
    client: &mut SpiClient<'_>,
    workspace_id: &str,
    grants: &Grants,
) -> Result<(), Error> {
    let targets: Vec<&str> = grants.iter().map(|(target, _)| target).collect();
    let known: BTreeSet<String> = client
        .update(
            LOCK_TARGETS,
            None,
            &[workspace_id.into(), targets.clone().into()],
        )?
        .map(|row| row.get(1))
        .collect::<Result<Option<_>, _>>()?
        .unwrap_or_default();
    if let Some(missing) = targets.iter().find(|target| !known.contains(**target)) {
        return Err(Error::unknown(
            "grants",
            format!("there is no target \"{missing}\" in workspace \"{workspace_id}\""),
            "insert into pgtoken.target (target_id, workspace_id, name) values (…)",
        ));
    }
    lock_zones(client, grants)
}

fn lock_zones(client: &mut SpiClient<'_>, grants: &Grants) -> Result<(), Error> {
    let (targets, zones) = zone_columns(grants);
    let known: BTreeSet<(String, String)> = client
        .update(
            LOCK_ZONES,
            None,
            &[targets.clone().into(), zones.clone().into()],
        )?
        .map(|row| {
            let target: Option<String> = row.get(1)?;
            let zone: Option<String> = row.get(2)?;
            Ok::<_, Error>(target.zip(zone))
        })
        .collect::<Result<Option<_>, _>>()?
        .unwrap_or_default();
    for (target, zone) in targets.into_iter().zip(zones) {
        if !known.contains(&(target.to_owned(), zone.to_owned())) {
            return Err(Error::unknown(
                "grants",
                format!("there is no zone \"{zone}\" in target \"{target}\""),
                "insert into pgtoken.zone (target_id, zone_id, name) values (…)",
            ));
        }
    }
    Ok(())
}

/// The granted zones as two columns: target and zone.
pub fn zone_columns(grants: &Grants) -> (Vec<&str>, Vec<&str>) {
    grants
        .iter()
        .filter_map(|(target, zones)| match zones {
            Zones::Whole => None,
            Zones::Only(zones) => Some(zones.iter().map(move |zone| (target, zone.as_str()))),
        })
        .flatten()
        .unzip()
}
