//! What a verification over HTTP costs, beside the least that a server over HTTP can do.
//!
//! wrk sends requests with random tokens over 64 connections to one server after another, in turns; a
//! figure is the median of its turns. Everything runs on one machine and shares its processors. A
//! table goes to standard output, the same as JSON to `target/bench/http.json`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "the table is the product of this program"
)]

mod idle;
mod server;
mod wrk;

use clap::Parser;
use pgtoken_tests::{ADMIN_SECRET, Cluster, Database, Facade, VERIFIER_SECRET, checkout};
use serde_json::{Value, json};
use server::Server;
use std::process::Command;
use wrk::Turn;

/// Measures the facade. Every figure is the median of interleaved turns.
#[derive(Parser)]
struct Options {
    /// Seconds of each turn.
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// Turns of each server.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// Tokens to draw from.
    #[arg(long, default_value_t = 100_000)]
    tokens: u64,
    /// Connections of wrk.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// Round trips of a lone client.
    #[arg(long, default_value_t = 10_000)]
    lone: u32,
    /// Idle connections.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

const DIRECTORY: &str = "
    insert into pgtoken.workspace (workspace_id) select 'w' || i from generate_series(0, 999) as i;
    insert into pgtoken.app_user (user_id) select 'u' || i from generate_series(0, 9999) as i;
    insert into pgtoken.member (workspace_id, user_id, scope)
    select 'w' || i % 1000, 'u' || i, 'write' from generate_series(0, 9999) as i;
    set session_replication_role = replica;
    insert into pgtoken.token (
        id, digest, start, name, user_id, workspace_id, scope, created_by,
        owner_enabled, workspace_enabled, owner_scope
    )
    select ('00000000-0000-7000-8000-' || (100000000000 + i))::uuid,
           sha256(convert_to('bench' || (100000000000 + i), 'UTF8')),
           'bench', 'benchmark', 'u' || i % 10000, 'w' || i % 1000, 'read', 'benchmark', true, true, 'write'
    from generate_series(0::bigint, :tokens - 1) as i;
    reset session_replication_role;
    vacuum analyze;
    checkpoint;";

/// What a lone request to the facade is held against: the same verification by a client of the database.
const SELECT: &str = "select * from pgtoken.verify_token(token => $1, scope => 'read')";

const HELLO: &str = "bare hyper hello";
const FORWARD_AUTH: &str = "forward-auth";
const UNFOLDED: &str = "forward-auth, folding off";
const VERIFY: &str = "verify";

fn main() {
    let options = Options::parse();
    let cluster = Cluster::settings()
        .durable()
        .with("shared_buffers", "256MB")
        .start();
    let database = cluster.database();
    database.psql(&DIRECTORY.replace(":tokens", &options.tokens.to_string()));
    let facade = start(&database, &[]);
    let unfolded = start(
        &database,
        &[
            ("PGTOKEN_BATCH_MAX", "1"),
            ("PGTOKEN_VERIFY_CONNECTIONS", "8"),
        ],
    );
    let hello = Server::hello();
    let postmaster = postmaster(&cluster);

    let servers = [
        (HELLO, hello.address(), hello.id(), "hello"),
        (FORWARD_AUTH, address(&facade), facade.id(), "forward-auth"),
        (UNFOLDED, address(&unfolded), unfolded.id(), "forward-auth"),
        (VERIFY, address(&facade), facade.id(), "verify"),
    ];
    let mut turns: Vec<Vec<Turn>> = vec![Vec::new(); servers.len()];
    for turn in 0..=options.turns {
        for ((_, address, process, mode), turns) in servers.iter().zip(&mut turns) {
            let taken = wrk::turn(&options, address, mode, *process, postmaster);
            // The first fills caches.
            if turn > 0 {
                turns.push(taken);
            }
        }
    }
    let select = hello.run(&[
        "select",
        &database.url("postgres"),
        SELECT,
        &options.tokens.to_string(),
        &options.lone.to_string(),
    ]);
    let lone = hello.run(&[
        "request",
        &address(&facade),
        &options.tokens.to_string(),
        &options.lone.to_string(),
    ]);
    let idle = idle::resident_memory(&start(&database, &[]), options.idle);

    let rows: Vec<Value> = servers
        .iter()
        .zip(&turns)
        .map(|((name, ..), turns)| wrk::summary(name, turns))
        .collect();
    let ratio = |i: usize, figure: &str| wrk::median_ratio(&turns[i], &turns[0], figure);
    let measures = json!([
        measure(
            "forward-auth / hello, requests per second",
            ratio(1, "rate"),
            "at least 0.60"
        ),
        measure("forward-auth / hello, p99", ratio(1, "p99"), "at most 4"),
        measure(
            "verify / hello, requests per second",
            ratio(3, "rate"),
            "at least 0.45"
        ),
        measure(
            "folding on / off, requests per second",
            wrk::median_ratio(&turns[1], &turns[2], "rate"),
            ""
        ),
        measure("lone request / select, p50", lone / select, "at most 1.6"),
        measure("lone request, p50, µs", lone, ""),
        measure("select, p50, µs", select, ""),
        measure(
            &format!("resident memory with {} idle connections, MB", options.idle),
            idle,
            "at most 150"
        ),
    ]);
    print_tables(&rows, &measures);
    let folder = checkout().join("target/bench");
    std::fs::create_dir_all(&folder).expect("target/bench can be made");
    let report = json!({"seconds": options.seconds, "turns": options.turns, "tokens": options.tokens,
        "connections": options.connections, "servers": rows, "measures": measures});
    std::fs::write(folder.join("http.json"), format!("{report:#}\n")).expect("written");
    println!("\nwritten: {}", folder.join("http.json").display());
}

fn start(database: &Database<'_>, environment: &[(&str, &str)]) -> Facade {
    let mut program = Facade::program();
    program
        .env("PGTOKEN_DATABASE_URL", database.url("postgres"))
        .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
        .env("PGTOKEN_VERIFIER_SECRET", VERIFIER_SECRET)
        .env("RUST_LOG", "warn,pgtoken_facade::server=info")
        .envs(environment.iter().copied());
    for (k, v) in
        std::env::vars().filter(|(k, _)| k.starts_with("TOKIO_") || k.starts_with("PGTOKEN_"))
    {
        program.env(k, v);
    }
    Facade::start_as(&mut program)
}

fn address(facade: &Facade) -> String {
    facade.url("").trim_start_matches("http://").to_owned()
}

fn postmaster(cluster: &Cluster) -> u32 {
    let file = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid"));
    let file = file.expect("the server runs");
    file.lines()
        .next()
        .and_then(|line| line.parse().ok())
        .expect("a process id")
}

fn measure(name: &str, value: f64, bound: &str) -> Value {
    json!({"measure": name, "value": value, "bound": bound})
}

fn print_tables(rows: &[Value], measures: &Value) {
    println!(
        "\n| server | requests per second | p50, µs | p99, µs | µs of its processor per request | with the database's | failed |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let figure = |name: &str| row[name].as_f64().unwrap_or_default();
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {} |",
            row["server"].as_str().unwrap_or_default(),
            figure("rate"),
            figure("p50"),
            figure("p99"),
            figure("cpu"),
            figure("cpu_with_database"),
            row["failed"],
        );
    }
    println!("\n| measure | value | bound |\n|---|---|---|");
    for measure in measures.as_array().into_iter().flatten() {
        let (name, bound) = (measure["measure"].as_str(), measure["bound"].as_str());
        let value = measure["value"].as_f64().unwrap_or_default();
        println!(
            "| {} | {value:.2} | {} |",
            name.unwrap_or_default(),
            bound.unwrap_or_default()
        );
    }
}

/// Runs a program to its end and returns what it printed.
fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}
