//! Questions folded into one call, and its rows handed back.
use super::queue::Pending;
use super::verdict::Verdict;
use super::{Presented, Unanswered};
use std::net::IpAddr;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// One row for each question. Times and metadata come as the text that is passed on.
pub(super) const ASK: &str =
    "select n, code, status, token_id, user_id, workspace_id, scope, permissions, target, zone,
       auto_publish, to_json(expires_at) #>> '{}', metadata::text, retry_after
from pgtoken.verify_digests(digests => $1, scopes => $2, permissions => $3, workspace_ids => $4,
    targets => $5, zones => $6, client_addrs => $7, consume => $8)";

/// Questions that are with the database.
pub(super) struct Batch {
    questions: Vec<Option<Pending>>,
}

type Texts<'a> = Option<Vec<Option<&'a str>>>;

/// The arguments of the call, which borrow from the questions.
pub(super) struct Arguments<'a> {
    digests: Vec<&'a [u8]>,
    scopes: Texts<'a>,
    permissions: Texts<'a>,
    workspace_ids: Texts<'a>,
    targets: Texts<'a>,
    zones: Texts<'a>,
    client_addrs: Option<Vec<Option<IpAddr>>>,
    consume: bool,
}

impl Batch {
    pub(super) fn new(questions: Vec<Pending>) -> Batch {
        Batch {
            questions: questions.into_iter().map(Some).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.questions.len()
    }

    /// Called before any answer came.
    pub(super) fn arguments(&self) -> Arguments<'_> {
        let questions = || {
            self.questions
                .iter()
                .flatten()
                .map(|pending| &pending.question)
        };
        let digests = questions().map(|question| match &question.presented {
            Presented::Digest(digest) => digest.as_slice(),
            Presented::Malformed => &[],
        });
        Arguments {
            digests: digests.collect(),
            scopes: texts(questions().map(|question| question.scope.as_deref())),
            permissions: texts(questions().map(|question| question.permissions.as_deref())),
            workspace_ids: texts(questions().map(|question| question.workspace_id.as_deref())),
            targets: texts(questions().map(|question| question.target.as_deref())),
            zones: texts(questions().map(|question| question.zone.as_deref())),
            client_addrs: asked(questions().map(|question| question.client_addr)),
            consume: questions().all(|question| question.consume),
        }
    }

    /// Hands a row to who asked for it; that one may be gone.
    pub(super) fn deliver(&mut self, row: Row) {
        let n: i32 = row.get(0);
        let asked = usize::try_from(n - 1)
            .ok()
            .and_then(|i| self.questions.get_mut(i)?.take());
        if let Some(pending) = asked {
            let _ = pending.reply.send(Ok(Verdict::answered(row)));
        }
    }

    /// The questions without an answer that may be asked once more; the others are told that there is none.
    pub(super) fn into_retry(self) -> Vec<Pending> {
        let (retried, fresh): (Vec<_>, Vec<_>) = self
            .questions
            .into_iter()
            .flatten()
            .partition(|pending| pending.retried);
        for pending in retried {
            let _ = pending.reply.send(Err(Unanswered::Unavailable));
        }
        fresh
            .into_iter()
            .map(|pending| Pending {
                retried: true,
                ..pending
            })
            .collect()
    }
}

impl Arguments<'_> {
    /// In the order of the statement's parameters.
    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.digests,
            &self.scopes,
            &self.permissions,
            &self.workspace_ids,
            &self.targets,
            &self.zones,
            &self.client_addrs,
            &self.consume,
        ]
    }
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>> + Clone) -> Texts<'a> {
    asked(values)
}

/// An array, or null where nobody asks for it.
fn asked<T>(mut values: impl Iterator<Item = Option<T>> + Clone) -> Option<Vec<Option<T>>> {
    let all = values.clone();
    values.any(|value| value.is_some()).then(|| all.collect())
}
