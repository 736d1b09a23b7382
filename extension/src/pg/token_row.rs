//! The columns of `pgtoken.token` that a verification reads.

use pgrx::pg_sys;
use pgtoken_rules::Standing;

use super::tuple::Tuple;
use super::value::Client;

/// A row of `pgtoken.token`.
#[derive(Clone, Copy, Debug)]
pub struct TokenRow<'a>(Tuple<'a>);

/// Where each column stands in the table, counted from 1; upgrades only ever add columns at the end.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(super) enum Column {
    Id = 1,
    UserId = 6,
    WorkspaceId = 7,
    Scope = 8,
    Permissions = 9,
    AutoPublish = 10,
    Metadata = 11,
    AllowedAddrs = 12,
    RateLimit = 13,
    RateWindow = 14,
    ExpiresAt = 17,
    DisabledAt = 18,
    RevokedAt = 20,
    OwnerEnabled = 28,
    WorkspaceEnabled = 29,
    OwnerScope = 30,
}

impl<'a> TokenRow<'a> {
    /// The row, which is one of `pgtoken.token`.
    pub fn new(tuple: Tuple<'a>) -> TokenRow<'a> {
        TokenRow(tuple)
    }

    /// The token's id.
    pub fn id(self) -> pgrx::Uuid {
        self.0
            .uuid(Column::Id as usize)
            .expect("token.id is not null")
    }

    /// The workspace that it is bound to.
    pub fn workspace_id(self) -> Option<&'a str> {
        self.0.text(Column::WorkspaceId as usize)
    }

    /// The scope that it was given.
    pub fn scope(self) -> Option<&'a str> {
        self.0.text(Column::Scope as usize)
    }

    /// The permissions that it was given.
    pub fn permissions(self) -> impl Iterator<Item = &'a str> {
        let permissions: Vec<Option<&'a str>> = self.0.elements(Column::Permissions as usize);
        permissions.into_iter().flatten()
    }

    /// What the row says of the token's life and its owner.
    pub fn standing(self) -> Standing<'a> {
        Standing {
            revoked: self.datum(Column::RevokedAt).is_some(),
            expires_at: self.0.timestamp(Column::ExpiresAt as usize),
            disabled: self.datum(Column::DisabledAt).is_some(),
            owner_enabled: self.0.boolean(Column::OwnerEnabled as usize),
            workspace_id: self.workspace_id(),
            workspace_enabled: self.0.boolean(Column::WorkspaceEnabled as usize),
            owner_scope: self.0.text(Column::OwnerScope as usize),
        }
    }

    /// Its rate limit and window in microseconds.
    pub fn rate(self) -> Option<(u32, u64)> {
        let limit = self.0.integer(Column::RateLimit as usize)?;
        let window = self.0.interval_micros(Column::RateWindow as usize)?;
        Some((u32::try_from(limit).ok()?, u64::try_from(window).ok()?))
    }

    /// Whether it may be used from this address: it has no networks, or one of them contains the address.
    pub fn allows_client(self, client: Option<Client>) -> bool {
        let networks: Vec<Option<Client>> = self.0.elements(Column::AllowedAddrs as usize);
        let contains = |client: Client| networks.iter().flatten().any(|n| client.is_within(*n));
        networks.is_empty() || client.is_some_and(contains)
    }

    pub(super) fn datum(self, column: Column) -> Option<pg_sys::Datum> {
        self.0.datum(column as usize)
    }
}
