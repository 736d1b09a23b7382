//! Values of variable length.

use pgrx::pg_sys;
use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, vardata_any, varsize_any_exhdr};

/// The octets of a value that is held in place and uncompressed.
///
/// # Safety
/// `datum` points to a varlena that lives as long as 'a.
pub unsafe fn plain_octets<'a>(datum: pg_sys::Datum) -> Option<&'a [u8]> {
    let value = datum.cast_mut_ptr::<pg_sys::varlena>();
    // SAFETY: a varlena has a header, which says where its octets are and how many.
    unsafe {
        let is_plain = varatt_is_4b_u(value) || varatt_is_1b(value) && !varatt_is_1b_e(value);
        is_plain.then(|| {
            std::slice::from_raw_parts(vardata_any(value).cast(), varsize_any_exhdr(value))
        })
    }
}
