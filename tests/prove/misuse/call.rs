//! Calls of the functions that the catalogue has.
use super::value::{Known, value};
use pgtoken_tests::{row, rows};
use postgres::Client;
use rand::RngExt;
use rand::rngs::SmallRng;

/// A function of schema pgtoken.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Which of [`ROLES`](super::sandbox::ROLES) may call it.
    pub roles: Vec<bool>,
    /// Its arguments.
    arguments: Vec<Argument>,
}

struct Argument {
    name: String,
    kind: String,
}

const FUNCTIONS: &str = "
    select p.proname, a.name, format_type(a.kind, null)
    from pg_proc as p
    left join lateral unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
        with ordinality as a (name, kind, mode, place)
        on coalesce(a.mode, 'i') = 'i'
    where p.pronamespace = 'pgtoken'::regnamespace and p.prokind = 'f'
    order by p.proname, a.place";

/// Every function, as the catalogue says; `logins` are the names of [`ROLES`](super::sandbox::ROLES) there.
pub fn functions(client: &mut Client, logins: &[String]) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for row in rows(client, FUNCTIONS) {
        let mut columns = row.split('|').map(str::to_owned);
        let mut next = || columns.next().expect("three columns");
        let (function, name, kind) = (next(), next(), next());
        if functions.last().is_none_or(|last| last.name != function) {
            functions.push(Function {
                roles: logins
                    .iter()
                    .map(|login| may_call(client, login, &function))
                    .collect(),
                name: function,
                arguments: Vec::new(),
            });
        }
        let last = functions.last_mut().expect("one was just added");
        last.arguments.push(Argument { name, kind });
    }
    functions
}

fn may_call(client: &mut Client, login: &str, function: &str) -> bool {
    let may = format!(
        "select has_schema_privilege('{login}', 'pgtoken', 'usage')
                and has_function_privilege('{login}', 'pgtoken.{function}'::regproc, 'execute')"
    );
    row(client, &may) == "t"
}

impl Function {
    /// A call with some of its arguments.
    pub fn call(&self, chance: &mut SmallRng, known: &Known) -> String {
        let given = if chance.random_bool(0.3) { 0.9 } else { 0.4 };
        let mut arguments = Vec::new();
        for (i, argument) in self.arguments.iter().enumerate() {
            // Nothing is reached without the first.
            if i == 0 || chance.random_bool(given) {
                let value = value(chance, known, &argument.name, &argument.kind);
                arguments.push(format!("{} => {value}", argument.name));
            }
        }
        format!(
            "select * from pgtoken.{}({})",
            self.name,
            arguments.join(", ")
        )
    }
}
