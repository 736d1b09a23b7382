//! What the SQL declares in C is what Rust defines: every symbol, its arguments and its result.
use pgtoken_tests::{Acme, checkout};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, File, FnArg, GenericArgument, Item, ItemFn, PathArguments, ReturnType, Type};

/// A function as SQL sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    arguments: Vec<String>,
    /// Whether every argument may be null.
    takes_nulls: bool,
    result: String,
}

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the checkout is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&checkout().join("extension/src"), &mut found);
    found
}

fn parse(path: &Path) -> File {
    let text = fs::read_to_string(path).expect("the source is readable");
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_pg_extern(attribute: &Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "pg_extern")
}

/// All functions that pgrx exports, by the symbol that it gives them.
fn defined() -> BTreeMap<String, Signature> {
    let mut defined = BTreeMap::new();
    for path in sources() {
        for item in parse(&path).items {
            if let Item::Fn(function) = item
                && function.attrs.iter().any(is_pg_extern)
            {
                let name = format!("{}_wrapper", function.sig.ident);
                assert!(
                    defined.insert(name, signature(&function)).is_none(),
                    "two functions share a symbol"
                );
            }
        }
    }
    defined
}

fn signature(function: &ItemFn) -> Signature {
    let mut signature = Signature {
        arguments: Vec::new(),
        takes_nulls: true,
        result: String::new(),
    };
    let mut has_fcinfo = false;
    for argument in &function.sig.inputs {
        let FnArg::Typed(argument) = argument else {
            panic!("pgrx exports no methods")
        };
        let (sql, nullable) = sql_type(&argument.ty);
        if sql == "fcinfo" {
            has_fcinfo = true;
            continue;
        }
        signature.takes_nulls &= nullable;
        signature.arguments.push(sql);
    }
    signature.result = match &function.sig.output {
        ReturnType::Default => "trigger".to_owned(),
        ReturnType::Type(_, ty) => match sql_type(ty).0.as_str() {
            // It returns its rows through the call's own information.
            "()" if has_fcinfo => "setof record".to_owned(),
            sql => sql.to_owned(),
        },
    };
    signature
}

/// The last segment of a type's path and its generic type arguments.
fn path_of(ty: &Type) -> (String, Vec<&Type>) {
    let Type::Path(path) = ty else {
        panic!("a type that this test doesn't know")
    };
    let segment = path.path.segments.last().expect("a path has segments");
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    (segment.ident.to_string(), arguments)
}

/// The SQL type of a Rust type, and whether it takes null.
fn sql_type(ty: &Type) -> (String, bool) {
    match ty {
        Type::Reference(reference) => return (sql_reference(&reference.elem), false),
        Type::Tuple(tuple) if tuple.elems.is_empty() => return ("()".to_owned(), false),
        Type::Tuple(tuple) => {
            let columns: Vec<String> = tuple.elems.iter().map(column_type).collect();
            return (columns.join(", "), false);
        }
        _ => {}
    }
    let (name, inner) = path_of(ty);
    let sql = match name.as_str() {
        "Option" => return (sql_type(inner[0]).0, true),
        "Result" => return sql_type(inner[0]),
        "Texts" => return ("text[]".to_owned(), true),
        "SetOfIterator" | "TableIterator" => format!("setof {}", sql_type(inner[0]).0),
        "Vec" | "Elements" => format!("{}[]", sql_type(inner[0]).0),
        "String" => "text".to_owned(),
        "Uuid" => "uuid".to_owned(),
        "Jsonb" => "jsonb".to_owned(),
        "Interval" => "interval".to_owned(),
        "TimestampWithTimeZone" => "timestamp with time zone".to_owned(),
        "Cidrs" => "cidr[]".to_owned(),
        "Client" => "inet".to_owned(),
        "Verdict" => "pgtoken.verdict".to_owned(),
        "Row" => "row".to_owned(),
        "FunctionCallInfo" => "fcinfo".to_owned(),
        "bool" => "boolean".to_owned(),
        "i16" => "smallint".to_owned(),
        "i32" => "integer".to_owned(),
        "i64" => "bigint".to_owned(),
        "f64" => "double precision".to_owned(),
        other => panic!("the SQL type of {other} is not known to this test"),
    };
    (sql, false)
}

fn sql_reference(inner: &Type) -> String {
    match inner {
        Type::Slice(_) => "bytea".to_owned(),
        Type::Path(path) if path.path.is_ident("str") => "text".to_owned(),
        _ => panic!("a reference that this test doesn't know"),
    }
}

/// `name!(column, Type)` as `column type`.
fn column_type(ty: &Type) -> String {
    let Type::Macro(column) = ty else {
        panic!("columns have names")
    };
    column
        .mac
        .parse_body_with(|input: syn::parse::ParseStream<'_>| {
            let name: syn::Ident = input.parse()?;
            input.parse::<syn::Token![,]>()?;
            let ty: Type = input.parse()?;
            Ok(format!("{name} {}", sql_type(&ty).0))
        })
        .expect("name!(column, Type)")
}

/// All C functions of the installed extension: schema.name, symbol and signature.
fn declared(acme: &mut Acme) -> Vec<(String, String, Signature, bool)> {
    acme.rows(
        "select p.oid::regproc, p.prosrc,
                coalesce((select string_agg(format_type(t, null), ',' order by n)
                          from unnest(p.proargtypes) with ordinality as a (t, n)), ''),
                case when p.proretset then 'setof ' else '' end ||
                case
                    when p.proallargtypes is not null and p.prorettype = 'record'::regtype and p.proname = 'usage_stats' then (
                        select string_agg(a.name || ' ' || format_type(a.type, null), ', ' order by a.n)
                        from unnest(p.proallargtypes, p.proargmodes, p.proargnames) with ordinality as a (type, mode, name, n)
                        where a.mode = 't')
                    else format_type(p.prorettype, null)
                end,
                p.proisstrict
         from pg_proc as p
         join pg_language as l on l.oid = p.prolang
         join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
         join pg_extension as e on e.oid = d.refobjid and e.extname = 'pgtoken'
         where l.lanname = 'c'
         order by 1",
    )
    .iter()
    .map(|row| {
        let fields: Vec<&str> = row.split('|').collect();
        let arguments = fields[2].split(',').filter(|argument| !argument.is_empty()).map(str::to_owned).collect();
        let signature = Signature { arguments, takes_nulls: fields[4] == "f", result: fields[3].to_owned() };
        (fields[0].to_owned(), fields[1].to_owned(), signature, fields[4] == "t")
    })
    .collect()
}

/// A row of Rust can be any composite type or table of SQL.
fn same_result(rust: &str, sql: &str) -> bool {
    let composites = ["pgtoken.tokens", "pgtoken.event", "record"];
    match rust {
        "row" => composites.contains(&sql),
        "setof row" => sql
            .strip_prefix("setof ")
            .is_some_and(|sql| composites.contains(&sql)),
        rust => rust == sql,
    }
}

#[test]
fn every_symbol_of_the_sql_has_the_signature_of_its_rust_function() {
    let mut acme = Acme::new();
    let defined = defined();
    let declared = declared(&mut acme);
    assert!(declared.len() > 25, "{declared:?}");
    let mut wrong = Vec::new();
    for (function, symbol, sql, strict) in &declared {
        let Some(rust) = defined.get(symbol) else {
            wrong.push(format!(
                "{function}: no Rust function has the symbol {symbol}"
            ));
            continue;
        };
        if rust.arguments != sql.arguments || !same_result(&rust.result, &sql.result) {
            wrong.push(format!("{function}:\n  SQL  {sql:?}\n  Rust {rust:?}"));
        }
        if !rust.takes_nulls && !strict {
            wrong.push(format!(
                "{function}: Rust takes no null, and SQL is not strict"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_exported_rust_function_is_declared_once() {
    let mut acme = Acme::new();
    let mut declared: Vec<String> = declared(&mut acme)
        .into_iter()
        .map(|(_, symbol, ..)| symbol)
        .collect();
    declared.sort();
    assert_eq!(declared, defined().into_keys().collect::<Vec<_>>());
}

/// The variants of the enum `Column` of a file with their numbers, as column names.
fn columns(file: &str, first: usize) -> Vec<(String, usize)> {
    let file = parse(&checkout().join("extension/src").join(file));
    let column = file
        .items
        .into_iter()
        .find_map(|item| match item {
            Item::Enum(item) if item.ident == "Column" => Some(item),
            _ => None,
        })
        .expect("an enum Column");
    let mut next = first;
    let mut found = Vec::new();
    for variant in column.variants {
        if let Some((_, syn::Expr::Lit(literal))) = &variant.discriminant
            && let syn::Lit::Int(number) = &literal.lit
        {
            next = number.base10_parse().expect("a number");
        }
        found.push((snake_case(&variant.ident.to_string()), next));
        next += 1;
    }
    found
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn position(acme: &mut Acme, relation: &str, column: &str) -> String {
    acme.rows(&format!(
        "select attnum from pg_attribute where attrelid = '{relation}'::regclass and attname = '{column}'"
    ))
    .join("")
}

#[test]
fn columns_of_tokens_stand_where_verification_reads_them() {
    let mut acme = Acme::new();
    let columns = columns("pg/token_row.rs", 1);
    assert!(columns.len() > 10);
    for (column, number) in columns {
        assert_eq!(
            position(&mut acme, "pgtoken.token", &column),
            number.to_string(),
            "{column}"
        );
    }
    for (table, column) in [("token_target", "whole"), ("token_zone", "zone_id")] {
        assert_eq!(
            position(&mut acme, &format!("pgtoken.{table}"), column),
            "3",
            "verify/decide.rs reads {column} there"
        );
    }
}

#[test]
fn attributes_of_the_verdict_stand_where_verification_writes_them() {
    let mut acme = Acme::new();
    let columns = columns("pg/verdict.rs", 0);
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let attributes = acme.rows(
        "select attname from pg_attribute where attrelid = 'pgtoken.verdict'::regclass and attnum > 0 order by attnum",
    );
    assert_eq!(attributes, names);
    for function in ["verify_tokens", "verify_digests"] {
        let columns = acme.rows(&format!(
            "select name from pg_proc, unnest(proargnames, proargmodes) with ordinality as a (name, mode, n)
             where oid = 'pgtoken.{function}'::regproc and mode = 't' order by n"
        ));
        assert_eq!(columns[0], "n");
        assert_eq!(columns[1..], attributes, "{function}");
    }
}
