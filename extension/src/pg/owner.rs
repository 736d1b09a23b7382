//! Whose rights are in force.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

/// A role of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role(pg_sys::Oid);

impl Role {
    /// The role whose rights are in force: after SET ROLE, and inside SECURITY DEFINER functions, that one.
    pub fn in_force() -> Role {
        // SAFETY: every backend that runs a function has a current user.
        Role(unsafe { pg_sys::GetUserId() })
    }

    /// The name of the role.
    pub fn name(self) -> String {
        // SAFETY: `noerr` makes an unknown role a null pointer; a non-null result is a NUL-terminated palloc'd name.
        unsafe {
            let name = pg_sys::GetUserNameFromId(self.0, true);
            if name.is_null() {
                return self.0.to_u32().to_string();
            }
            CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }

    /// Whether the role has the rights of the role named so; superusers have all.
    pub fn has(self, role: &str) -> bool {
        let role = CString::new(role).expect("role names of pgtoken have no NUL");
        // SAFETY: `role` is NUL-terminated, and `missing_ok` makes an unknown one InvalidOid,
        // which only superusers are found to have.
        unsafe {
            let role = pg_sys::get_role_oid(role.as_ptr(), true);
            if role == pg_sys::InvalidOid {
                return pg_sys::superuser_arg(self.0);
            }
            pg_sys::has_privs_of_role(self.0, role)
        }
    }
}

/// Whether the transaction may not write: by its own wish, or because the server is a standby.
pub fn is_read_only() -> bool {
    // SAFETY: a plain variable of this process.
    unsafe { pg_sys::XactReadOnly }
}

/// While it lives, statements run with the rights of the owner of pgtoken's tables, as in a SECURITY DEFINER
/// function.
///
/// The functions are not SECURITY DEFINER themselves because that hides the role in force at the call.
#[derive(Debug)]
pub struct AsOwner {
    user: pg_sys::Oid,
    context: i32,
}

impl AsOwner {
    /// Switches to the owner of `pgtoken.token`.
    pub fn enter() -> AsOwner {
        let mut user = pg_sys::InvalidOid;
        let mut context = 0;
        // SAFETY: both out-pointers are valid, and the owner is read from the catalogue just before.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            let owner = owner_of_tables();
            pg_sys::SetUserIdAndSecContext(
                owner,
                context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32,
            );
        }
        AsOwner { user, context }
    }
}

impl Drop for AsOwner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // SAFETY: these are the values that GetUserIdAndSecContext gave at entry.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) }
    }
}

/// The owner of `pgtoken.token`.
unsafe fn owner_of_tables() -> pg_sys::Oid {
    // SAFETY: the names are NUL-terminated; the cache entry is checked before it is read, and released after.
    unsafe {
        let namespace = pg_sys::get_namespace_oid(c"pgtoken".as_ptr(), false);
        let table = pg_sys::get_relname_relid(c"token".as_ptr(), namespace);
        let entry = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::RELOID as i32,
            pg_sys::Datum::from(table),
        );
        if entry.is_null() {
            pgrx::error!("pgtoken: table pgtoken.token is missing");
        }
        let class = pg_sys::GETSTRUCT(entry).cast::<pg_sys::FormData_pg_class>();
        let owner = (*class).relowner;
        pg_sys::ReleaseSysCache(entry);
        owner
    }
}
