//! Who calls, and with whose authority.

use pgrx::Spi;
use pgrx::spi::SpiClient;
use pgtoken_rules::is_key;

use crate::error::Error;
use crate::pg::{AsOwner, Role, is_read_only};
use crate::{settings, usage};

const ADMINISTRATOR: &str = "pgtoken_admin";
const AUDITOR: &str = "pgtoken_auditor";

/// A caller whose right to call is established; while it lives, statements run with the tables' owner's rights.
#[derive(Debug)]
pub struct Caller {
    /// The user whose authority is used; `None` is an administrator's, or for reading an auditor's.
    pub as_user: Option<String>,
    /// Who to name in the audit log.
    pub actor: String,
    _owner: AsOwner,
}

impl Caller {
    /// Somebody who manages tokens: as a user, or as an administrator.
    pub fn manager(as_user: Option<&str>, actor: Option<&str>) -> Result<Caller, Error> {
        let role = Role::in_force();
        if as_user.is_none() && !role.has(ADMINISTRATOR) {
            return Err(Error::forbidden(
                "as_user",
                format!(
                    "role \"{}\" is not an administrator and must name the user that it acts for",
                    role.name()
                ),
            ));
        }
        Caller::writer(role, as_user, actor)
    }

    /// Somebody who looks: as a user, or as an administrator or auditor.
    pub fn reader(as_user: Option<&str>) -> Result<Caller, Error> {
        let role = Role::in_force();
        if as_user.is_none() && !role.has(ADMINISTRATOR) && !role.has(AUDITOR) {
            return Err(Error::forbidden(
                "as_user",
                format!(
                    "role \"{}\" is neither an administrator nor an auditor and must name the user that it acts for",
                    role.name()
                ),
            ));
        }
        Caller::enter(role, as_user, None)
    }

    /// Somebody who writes and whom EXECUTE on the function is right enough.
    pub fn anyone(actor: Option<&str>) -> Result<Caller, Error> {
        Caller::writer(Role::in_force(), None, actor)
    }

    fn writer(role: Role, as_user: Option<&str>, actor: Option<&str>) -> Result<Caller, Error> {
        if is_read_only() {
            return Err(Error::ReadOnly);
        }
        Caller::enter(role, as_user, actor)
    }

    fn enter(role: Role, as_user: Option<&str>, actor: Option<&str>) -> Result<Caller, Error> {
        if !usage::is_preloaded() {
            return Err(Error::NotPreloaded);
        }
        let actor = name_of_actor(role, as_user, actor)?;
        let owner = AsOwner::enter();
        if let Some(as_user) = as_user
            && !Spi::connect(|client| is_enabled(client, as_user))?
        {
            return Err(Error::forbidden(
                "as_user",
                format!("user \"{as_user}\" does not exist or is disabled"),
            ));
        }
        Ok(Caller {
            as_user: as_user.map(str::to_owned),
            actor,
            _owner: owner,
        })
    }

    /// Whether the authority used is an administrator's.
    pub fn is_administrator(&self) -> bool {
        self.as_user.is_none()
    }
}

/// The argument, else the setting, else the user, else the role.
fn name_of_actor(role: Role, as_user: Option<&str>, actor: Option<&str>) -> Result<String, Error> {
    if let Some(actor) = actor {
        return checked_actor("actor", actor.to_owned());
    }
    if let Some(actor) = settings::actor() {
        return checked_actor("pgtoken.actor", actor);
    }
    Ok(as_user.map_or_else(|| role.name(), str::to_owned))
}

fn checked_actor(argument: &'static str, actor: String) -> Result<String, Error> {
    if is_key(&actor) {
        return Ok(actor);
    }
    Err(Error::invalid(
        argument,
        "must be 1 to 200 characters without control characters",
    ))
}

fn is_enabled(client: &SpiClient<'_>, user_id: &str) -> Result<bool, Error> {
    let found = client.select(
        "select from pgtoken.app_user as u where u.user_id = $1 and u.enabled",
        Some(1),
        &[user_id.into()],
    )?;
    Ok(!found.is_empty())
}
