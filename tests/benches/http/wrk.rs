//! One turn of load, and what it cost.
use crate::{Options, output};
use pgtoken_tests::{VERIFIER_SECRET, checkout};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// The unit of processor times in /proc.
const TICKS_PER_SECOND: f64 = 100.0;

/// The figures of a turn.
#[derive(Clone)]
pub struct Turn {
    rate: f64,
    p50: f64,
    p99: f64,
    failed: u64,
    /// Microseconds of the processor per request: of the server, and of the database too.
    cpu: f64,
    cpu_with_database: f64,
}

/// Sends requests for a while.
pub fn turn(options: &Options, address: &str, mode: &str, process: u32, postmaster: u32) -> Turn {
    let before = (ticks(process), ticks_of_children(postmaster));
    let text = output(
        Command::new("wrk")
            .args([
                "--threads",
                "1",
                "--connections",
                &options.connections.to_string(),
            ])
            .args([
                "--duration",
                &format!("{}s", options.seconds),
                "--timeout",
                "10s",
            ])
            .arg("--script")
            .arg(checkout().join("tests/benches/http/load.lua"))
            .arg(format!("http://{address}/"))
            .args(["--", &options.tokens.to_string(), mode, VERIFIER_SECRET]),
    );
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let line = line.unwrap_or_else(|| panic!("no result of wrk: {text}"));
    let figures: Vec<f64> = line
        .split(' ')
        .map(|figure| figure.parse().expect("a number"))
        .collect();
    let [requests, duration, failed, p50, p99] = figures[..] else {
        panic!("five figures: {line}");
    };
    let micros = 1e6 / TICKS_PER_SECOND / requests;
    let cpu = (ticks(process) - before.0) * micros;
    let database = (ticks_of_children(postmaster) - before.1) * micros;
    Turn {
        rate: requests / duration * 1e6,
        p50,
        p99,
        failed: failed as u64,
        cpu,
        cpu_with_database: cpu + database,
    }
}

/// The medians of a server's turns.
pub fn summary(name: &str, turns: &[Turn]) -> Value {
    let of = |figure: fn(&Turn) -> f64| median(turns.iter().map(figure).collect());
    json!({
        "server": name,
        "rate": of(|turn| turn.rate),
        "p50": of(|turn| turn.p50),
        "p99": of(|turn| turn.p99),
        "cpu": of(|turn| turn.cpu),
        "cpu_with_database": of(|turn| turn.cpu_with_database),
        "failed": turns.iter().map(|turn| turn.failed).sum::<u64>(),
    })
}

/// The median of the ratios of neighbouring turns.
pub fn median_ratio(turns: &[Turn], to: &[Turn], figure: &str) -> f64 {
    let of = |turn: &Turn| match figure {
        "rate" => turn.rate,
        _ => turn.p99,
    };
    median(
        turns
            .iter()
            .zip(to)
            .map(|(turn, to)| of(turn) / of(to))
            .collect(),
    )
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The processor time that a process has used.
fn ticks(process: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else {
        return 0.0;
    };
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<f64>().expect("a number");
    // The 14th and 15th of all fields; the first two are cut off.
    ticks(11) + ticks(12)
}

fn ticks_of_children(parent: u32) -> f64 {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let children = children.expect("the kernel lists children");
    children
        .split_whitespace()
        .map(|child| ticks(child.parse().expect("a process id")))
        .sum()
}
