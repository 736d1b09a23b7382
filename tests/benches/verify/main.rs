//! What a verification costs, beside the plainest statement that returns the same row and beside the customary design.
//!
//! Everything is measured in one run, on a cluster of its own with default durability, by pgbench with prepared
//! statements; the compared commands take turns, and each figure is the median of its turns.
//! A table goes to standard output, the same as JSON and a plot to `target/bench/`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "the table is the product of this program"
)]

mod commands;
mod demotion;
mod flush;
mod load;
mod options;
mod plot;
mod report;
mod soak;
mod turns;

use std::path::PathBuf;

use clap::Parser;
use pgtoken_tests::{Cluster, checkout};

use options::Options;
use report::Report;

fn main() {
    let options = Options::parse();
    let cluster = Cluster::settings()
        .durable()
        .with("shared_buffers", &options.shared_buffers())
        .with("max_wal_size", "8GB")
        .with("autovacuum", "off")
        .with("pgtoken.flush_interval", "1s")
        // Room for the tokens drawn from all sizes.
        .with("pgtoken.usage_slots", "262144")
        .start();
    println!("{}", options.describe());

    let databases: Vec<_> = options
        .sizes()
        .map(|tokens| (tokens, load::load(&cluster, tokens)))
        .collect();
    let (_, main) = databases
        .iter()
        .find(|(tokens, _)| *tokens == options.tokens)
        .expect("the main size is among the sizes");

    let figures = turns::take(&options, main, &commands::compared());
    let by_size = turns::verify_by_size(&options, &databases);
    let flush = flush::measure(main);
    let demotion = demotion::measure(main);
    let soak = soak::measure(&cluster, main, options.soak);
    let report = Report::new(&options, &figures, &by_size, &flush, &soak, demotion);

    println!("{}", report.table());
    let folder = output_folder();
    report.write_json(&folder.join("verify.json"));
    plot::write(&by_size, &folder.join("verify.svg"));
    println!("written: {}", folder.display());
}

fn output_folder() -> PathBuf {
    let folder = checkout().join("target/bench");
    std::fs::create_dir_all(&folder).expect("target/bench can be made");
    folder
}
