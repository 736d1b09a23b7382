//! The real facade, as a process of its own.
use crate::program::{run, target};
use crate::telltale::{TELLTALE_RUST_LOG, log_file};
use crate::wait::wait_until;
use crate::watchdog::Watchdog;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// A running facade; dropping it kills it.
pub struct Facade {
    process: Child,
    watchdog: Option<Watchdog>,
    log: Arc<Mutex<String>>,
    url: String,
}

impl Facade {
    /// The facade's program with nothing configured, in a folder without `.env`.
    pub fn program() -> Command {
        let mut command = Command::new(target().join("release/pgtoken-facade"));
        command.current_dir("/").env_clear();
        command
    }

    /// Starts a facade on a free port, with the database at `url`.
    pub fn start(url: &str) -> Facade {
        Facade::start_as(Facade::program().env("PGTOKEN_DATABASE_URL", url))
    }

    /// Starts a facade that was configured by the caller, on a free port.
    pub fn start_as(program: &mut Command) -> Facade {
        program
            .env("PGTOKEN_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let kept = log_file("facade");
        if kept.is_some() {
            program.env("RUST_LOG", TELLTALE_RUST_LOG);
        }
        let mut process = program
            .spawn()
            .expect("the facade is built: run 'make build'");
        let kill = Watchdog::arm(
            Command::new("/bin/sh"),
            "kill -KILL \"$1\"",
            &[&process.id().to_string()],
        );
        let kept = kept.map(|file| File::create(file).expect("the folder of logs is writable"));
        let log = collect(process.stderr.take().expect("stderr is piped"), kept);
        let mut facade = Facade {
            process,
            watchdog: Some(kill),
            log,
            url: String::new(),
        };
        wait_until(DEADLINE, "the facade listens", || facade.find_url());
        facade
    }

    /// Asks with GET, whatever the status of the answer.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path)
            .unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", self.log()))
    }

    /// Asks with GET; the facade may be gone.
    pub fn try_get(&self, path: &str) -> Result<Reply, ureq::Error> {
        let reply = agent().get(self.url(path)).call()?;
        let (head, mut body) = reply.into_parts();
        let body = body.read_to_string()?;
        Ok(Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What the facade has logged so far.
    pub fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the facade to stop, as a supervisor does.
    pub fn terminate(&self) {
        run(Command::new("kill").args(["-TERM", &self.process.id().to_string()]));
    }

    /// Waits for the facade to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until(DEADLINE, "the facade ends", || {
            status = self
                .process
                .try_wait()
                .expect("the facade is a child of the test");
            status.is_some()
        });
        // Its process id is free now, and may soon be another's.
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.disarm();
        }
        status.expect("it has ended")
    }

    fn find_url(&mut self) -> bool {
        let log = self.log();
        let ended = self
            .process
            .try_wait()
            .expect("the facade is a child of the test");
        assert!(ended.is_none(), "the facade ended at once:\n{log}");
        let found = log
            .split("listening on ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        self.url = found.unwrap_or_default().to_owned();
        found.is_some()
    }
}

impl Drop for Facade {
    fn drop(&mut self) {
        // The watchdog kills it; it is waited for only then, so that its process id stays its own.
        drop(self.watchdog.take());
        let _ = self.process.wait();
    }
}

/// An answer of the facade.
pub struct Reply {
    /// The status.
    pub status: u16,
    headers: ureq::http::HeaderMap,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A header, or the empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A client that opens a connection for each request and takes every status for an answer.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(DEADLINE))
        .max_idle_connections(0)
        .build()
        .into()
}

fn collect(
    stream: impl std::io::Read + Send + 'static,
    mut kept: Option<File>,
) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = BufReader::new(stream).lines();
    let collected = log.clone();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some(file) = &mut kept {
                writeln!(file, "{line}").expect("the folder of logs is writable");
            }
            let mut log = collected.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
    log
}
