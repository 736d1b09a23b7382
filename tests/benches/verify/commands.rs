//! The statements that are compared.

use crate::load::{DRAWN, FIRST};

/// A script of pgbench.
#[derive(Clone, Debug)]
pub struct Command {
    /// The name in the table.
    pub name: &'static str,
    /// The script, where `:stride` is the distance between drawn tokens.
    pub script: String,
    /// How many tokens one run of the script handles.
    pub tokens: u32,
    /// Whether one connection runs it, or as many as the options say.
    pub alone: bool,
}

/// How many tokens a bulk call verifies.
pub const BULK: u32 = 64;

/// The primary-key select that returns the columns of a verdict.
pub const SAME_COLUMNS: &str = "primary-key select, same columns";
/// The primary-key select that returns three columns.
pub const THREE_COLUMNS: &str = "primary-key select, 3 columns";
/// verify_token with nothing asked.
pub const VERIFY: &str = "verify_token";
/// verify_token with workspace, target and zone asked.
pub const CONFINED: &str = "verify_token, workspace, target and zone";
/// The select by primary key of any token, so that few have been asked for lately.
pub const SAME_COLUMNS_ANY: &str = "primary-key select, same columns, any token";
/// verify_token of any token: most are found by the index, few where they were lately.
pub const VERIFY_ANY: &str = "verify_token, any token";
/// require_token.
pub const REQUIRE: &str = "require_token";
/// One call for many tokens.
pub const TOGETHER: &str = "verify_tokens of 64, 1 connection";
/// As many calls, one after the other.
pub const ONE_BY_ONE: &str = "64 × verify_token, 1 connection";
/// The customary design.
pub const CUSTOMARY: &str = "customary design (plpgsql, pgcrypto, update)";

/// Everything that takes turns.
pub fn compared() -> Vec<Command> {
    let columns = "true as valid, 'valid' as code, 200::smallint as status, id, user_id, workspace_id, scope, \
                   permissions, null::text as target, null::text as zone, auto_publish, expires_at, metadata, \
                   null::integer as retry_after";
    vec![
        one(SAME_COLUMNS, &by_key(columns)),
        one(THREE_COLUMNS, &by_key("id, user_id, scope")),
        one(
            VERIFY,
            "select * from pgtoken.verify_token('bench' || :n);\n",
        ),
        one(
            CONFINED,
            "\\set w :n % 1000\n\
             select * from pgtoken.verify_token('bench' || :n, scope => 'read', workspace_id => 'w' || :w, \
             target => 't' || :w, zone => 'z');\n",
        ),
        one(
            REQUIRE,
            "select * from pgtoken.require_token('bench' || :n);\n",
        ),
        Command {
            name: TOGETHER,
            script: together(),
            tokens: BULK,
            alone: true,
        },
        Command {
            name: ONE_BY_ONE,
            script: one_by_one(),
            tokens: BULK,
            alone: true,
        },
        one(
            CUSTOMARY,
            "select * from customary.verify('bench' || :n);\n",
        ),
        // Last, since they push the others out of whatever remembers them.
        any(SAME_COLUMNS_ANY, &by_key(columns)),
        any(
            VERIFY_ANY,
            "select * from pgtoken.verify_token('bench' || :n);\n",
        ),
    ]
}

/// A script that draws one token, as `:n`.
fn one(name: &'static str, statement: &str) -> Command {
    single(name, draw("n") + statement)
}

/// A script that draws one token of all that there are.
fn any(name: &'static str, statement: &str) -> Command {
    let draw = format!("\\set n {FIRST} + random(0, :tokens - 1)\n");
    single(name, draw + statement)
}

fn single(name: &'static str, script: String) -> Command {
    Command {
        name,
        script,
        tokens: 1,
        alone: false,
    }
}

fn draw(variable: &str) -> String {
    format!("\\set {variable} {FIRST} + random(0, {DRAWN} - 1) * :stride\n")
}

fn by_key(columns: &str) -> String {
    format!(
        "select {columns} from pgtoken.token where id = ('00000000-0000-7000-8000-' || :n)::uuid;\n"
    )
}

fn together() -> String {
    let draws: String = (0..BULK).map(|i| draw(&format!("n{i}"))).collect();
    let tokens: Vec<String> = (0..BULK).map(|i| format!("'bench' || :n{i}")).collect();
    format!(
        "{draws}select * from pgtoken.verify_tokens(array[{}]);\n",
        tokens.join(", ")
    )
}

fn one_by_one() -> String {
    let draws: String = (0..BULK).map(|i| draw(&format!("n{i}"))).collect();
    let calls: String = (0..BULK)
        .map(|i| format!("select * from pgtoken.verify_token('bench' || :n{i});\n"))
        .collect();
    draws + &calls
}
