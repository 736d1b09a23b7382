//! Counters and histograms, in the text form of Prometheus.
//!
//! *Invariant*: every label is one of a fixed set of words. Nothing that a client sends becomes one.
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The codes of verdicts; one that a later version adds is counted as `other`.
const CODES: [&str; 18] = [
    "valid",
    "malformed",
    "not_found",
    "revoked",
    "expired",
    "disabled",
    "owner_disabled",
    "workspace_disabled",
    "not_a_member",
    "rate_limited",
    "wrong_workspace",
    "insufficient_scope",
    "insufficient_permissions",
    "target_forbidden",
    "zone_required",
    "zone_forbidden",
    "address_forbidden",
    "other",
];

/// Upper bounds of latencies, in seconds: from a lone verification to a request's whole time.
const LATENCIES: [f64; 13] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 0.5, 1.0, 2.0,
];

/// Upper bounds of batches.
const BATCHES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 96.0, 128.0, 256.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: &'static str,
    status: u16,
}

/// What is measured; cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Measures>);

struct Measures {
    registry: Registry,
    verdicts: HashMap<&'static str, Counter>,
    requests: Family<Answer, Counter>,
    latencies: Family<Route, Histogram>,
    batches: Histogram,
    queue: Gauge,
    connections: Gauge,
    database_errors: Counter,
    guesses_refused: Counter,
}

/// The state of the pool for management at one moment.
pub struct Pool {
    /// Connections that are open.
    pub size: usize,
    /// Those that nobody uses.
    pub available: usize,
    /// Requests that wait for one.
    pub waiting: usize,
}

/// A figure of the view `pgtoken.usage_stats`.
pub struct UsageFigure {
    /// The column.
    pub name: String,
    /// Its value.
    pub value: f64,
}

impl Metrics {
    /// Everything at zero, and every code present from the start.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("pgtoken");
        let verdicts = Family::<Code, Counter>::default();
        let requests = Family::<Answer, Counter>::default();
        let latencies =
            Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(LATENCIES));
        let batches = Histogram::new(BATCHES);
        let (queue, connections) = (Gauge::default(), Gauge::default());
        let (database_errors, guesses_refused) = (Counter::default(), Counter::default());
        registry.register("verdicts", "Verdicts given, by code", verdicts.clone());
        registry.register(
            "http_requests",
            "Answers, by route and status",
            requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer, by route",
            Unit::Seconds,
            latencies.clone(),
        );
        registry.register(
            "batch_size",
            "Questions in one call of the database",
            batches.clone(),
        );
        registry.register(
            "queue",
            "Questions that wait for a connection",
            queue.clone(),
        );
        registry.register(
            "verify_connections",
            "Open connections for verification",
            connections.clone(),
        );
        registry.register(
            "database_errors",
            "Connections for verification that failed, and attempts to open one",
            database_errors.clone(),
        );
        registry.register(
            "guesses_refused",
            "Requests refused because too many failed guesses came from their address",
            guesses_refused.clone(),
        );
        let verdicts = CODES.map(|code| (code, verdicts.get_or_create_owned(&Code { code })));
        Metrics(Arc::new(Measures {
            registry,
            verdicts: HashMap::from(verdicts),
            requests,
            latencies,
            batches,
            queue,
            connections,
            database_errors,
            guesses_refused,
        }))
    }

    /// A verdict was given.
    pub fn count_verdict(&self, code: &str) {
        let known = self.0.verdicts.get(code);
        known.unwrap_or(&self.0.verdicts["other"]).inc();
    }

    /// A request was answered. `route` is a pattern of the route table, never a path.
    pub fn observe_request(&self, route: &'static str, status: u16, time: Duration) {
        self.0
            .requests
            .get_or_create(&Answer { route, status })
            .inc();
        let latency = self.0.latencies.get_or_create(&Route { route });
        latency.observe(time.as_secs_f64());
    }

    /// So many questions went to the database in one call.
    pub fn observe_batch(&self, questions: usize) {
        self.0.batches.observe(questions as f64);
    }

    /// So many questions wait.
    pub fn set_queue(&self, waiting: usize) {
        self.0.queue.set(waiting as i64);
    }

    /// So many connections for verification are open.
    pub fn set_connections(&self, open: usize) {
        self.0.connections.set(open as i64);
    }

    /// A connection for verification failed.
    pub fn count_database_error(&self) {
        self.0.database_errors.inc();
    }

    /// A request was refused unread because of failed guesses before it.
    pub fn count_refused_guess(&self) {
        self.0.guesses_refused.inc();
    }

    /// Everything as text; what the database could not tell is left out.
    pub fn text(&self, pool: Option<Pool>, usage: &[UsageFigure]) -> String {
        let mut now = Registry::with_prefix("pgtoken");
        if let Some(pool) = pool {
            let figures = [
                ("pool_size", "Open connections for management", pool.size),
                (
                    "pool_available",
                    "Idle connections for management",
                    pool.available,
                ),
                ("pool_waiting", "Requests that wait for one", pool.waiting),
            ];
            for (name, help, value) in figures {
                let gauge: Gauge = Gauge::default();
                gauge.set(value as i64);
                now.register(name, help, gauge);
            }
        }
        for figure in usage {
            let gauge = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
            gauge.set(figure.value);
            let help = "A column of the view pgtoken.usage_stats";
            now.register(format!("usage_{}", figure.name), help, gauge);
        }
        let mut text = String::new();
        let written = encode_registry(&mut text, &self.0.registry)
            .and_then(|()| encode_registry(&mut text, &now))
            .and_then(|()| encode_eof(&mut text));
        written.expect("a string takes all that is written to it");
        text
    }
}
