//! The bare server that the facade is held against, and the lone clients.
use crate::output;
use pgtoken_tests::checkout;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running yardstick; dropping it kills it.
pub struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts it on a free port.
    pub fn hello() -> Server {
        let mut process = Command::new(program())
            .arg("hello")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the yardstick is built: run scripts/bench.sh");
        let mut line = String::new();
        let stderr = process.stderr.take().expect("it is piped");
        BufReader::new(stderr).read_line(&mut line).expect("a line");
        let address = line
            .trim()
            .rsplit('/')
            .next()
            .expect("an address")
            .to_owned();
        Server { process, address }
    }

    /// `address:port`.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The figure that the yardstick prints for these arguments.
    pub fn run(&self, arguments: &[&str]) -> f64 {
        let text = output(Command::new(program()).args(arguments));
        text.trim().parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    checkout().join("target/release/examples/yardstick")
}
