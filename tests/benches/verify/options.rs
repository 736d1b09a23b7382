//! What to measure, and for how long.

use clap::Parser;

/// Measures verification. Every figure is the median of interleaved turns.
#[derive(Debug, Parser)]
pub struct Options {
    /// Tokens in the table that the commands are compared on.
    #[arg(long, default_value_t = 1_000_000)]
    pub tokens: u64,
    /// Further sizes, for the cost of verification against the number of tokens.
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub also: Vec<u64>,
    /// Seconds of each turn.
    #[arg(long, default_value_t = 4)]
    pub seconds: u32,
    /// Turns of each command.
    #[arg(long, default_value_t = 7)]
    pub rounds: usize,
    /// Connections, except where a measure says one.
    #[arg(long, default_value_t = 4)]
    pub clients: u32,
    /// Verifications of one backend over which its memory is watched.
    #[arg(long, default_value_t = 5_000_000)]
    pub soak: i64,
    /// What cargo adds when it runs a benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// All sizes, each once, smallest first.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        let mut sizes = self.also.clone();
        sizes.push(self.tokens);
        sizes.sort_unstable();
        sizes.dedup();
        sizes.into_iter()
    }

    /// Room for all tokens: about 700 bytes each with the indexes, and as much again for what is beside them.
    pub fn shared_buffers(&self) -> String {
        let tokens: u64 = self.sizes().sum();
        format!("{}MB", 256 + tokens * 700 / (1 << 20))
    }

    /// One line that says how the figures came about.
    pub fn describe(&self) -> String {
        format!(
            "{} tokens, {} live ones drawn, {} clients, prepared statements, {} turns of {} s, shared_buffers {}",
            self.tokens,
            crate::load::DRAWN,
            self.clients,
            self.rounds,
            self.seconds,
            self.shared_buffers()
        )
    }
}
