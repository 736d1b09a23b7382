//! Connections that do nothing.
use pgtoken_tests::{Facade, Http};

/// The resident memory of the facade, in MB, while so many connections have had an answer and wait.
pub fn resident_memory(facade: &Facade, connections: usize) -> f64 {
    let _idle: Vec<Http> = (0..connections)
        .map(|_| {
            let mut http = Http::connect(&facade.url("")).expect("a descriptor");
            let answer = http.ask("GET", "/healthz", &[], "").expect("an answer");
            assert_eq!(answer.status, 200);
            http
        })
        .collect();
    let status = std::fs::read_to_string(format!("/proc/{}/status", facade.id()));
    let status = status.expect("the facade runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|text| text.trim().split(' ').next()?.parse::<f64>().ok());
    kilobytes.expect("VmRSS in kB") / 1024.0
}
