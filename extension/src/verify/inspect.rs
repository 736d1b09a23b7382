//! What is this token?

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::question::Presented;
use crate::error::Error;
use crate::pg::{AsOwner, Row};

/// The row of any genuine token, whatever its state.
#[pg_extern(sql = false)]
fn inspect_token(token: Option<&str>) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    Ok(SetOfIterator::new(find(Presented::text(token))?))
}

/// The same for callers that keep the text to themselves.
#[pg_extern(sql = false)]
fn inspect_digest(digest: Option<&[u8]>) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    Ok(SetOfIterator::new(find(Presented::digest(digest))?))
}

fn find(presented: Presented) -> Result<Vec<Row>, Error> {
    let Presented::Digest(digest) = presented else {
        return Ok(Vec::new());
    };
    let _owner = AsOwner::enter();
    Spi::connect(|client| {
        Row::all(client.select(
            "select t
             from pgtoken.tokens as t
             where t.id = (select k.id from pgtoken.token as k where k.digest = $1)",
            None,
            &[digest.to_vec().into()],
        )?)
    })
}
