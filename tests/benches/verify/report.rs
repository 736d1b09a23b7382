//! The table and the JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::commands::{
    CONFINED, CUSTOMARY, ONE_BY_ONE, REQUIRE, SAME_COLUMNS, SAME_COLUMNS_ANY, THREE_COLUMNS,
    TOGETHER, VERIFY, VERIFY_ANY,
};
use crate::flush::Flush;
use crate::options::Options;
use crate::soak::Soak;
use crate::turns::{Figures, median};

/// Everything that was measured.
pub struct Report<'a> {
    options: &'a Options,
    figures: &'a Figures,
    by_size: &'a BTreeMap<u64, Vec<f64>>,
    flush: &'a Flush,
    soak: &'a Soak,
    demotion: f64,
}

/// One measure held against its bound.
struct Measure {
    name: String,
    value: f64,
    bound: Bound,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
    None,
}

impl<'a> Report<'a> {
    /// A report of these figures.
    pub fn new(
        options: &'a Options,
        figures: &'a Figures,
        by_size: &'a BTreeMap<u64, Vec<f64>>,
        flush: &'a Flush,
        soak: &'a Soak,
        demotion: f64,
    ) -> Report<'a> {
        Report {
            options,
            figures,
            by_size,
            flush,
            soak,
            demotion,
        }
    }

    /// Two tables in Markdown: the rates, and the measures with their bounds.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "\n| command | tokens per second, median | least | most |\n|---|---|---|---|\n",
        );
        for (name, figures) in self.figures {
            let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
            let most = figures.iter().copied().fold(0.0, f64::max);
            let _ = writeln!(
                text,
                "| {name} | {:.0} | {least:.0} | {most:.0} |",
                median(figures)
            );
        }
        text.push_str("\n| measure | value | bound |\n|---|---|---|\n");
        for measure in self.measures() {
            let bound = match measure.bound {
                Bound::AtLeast(least) => format!("at least {least}"),
                Bound::AtMost(most) => format!("at most {most}"),
                Bound::None => String::new(),
            };
            let _ = writeln!(
                text,
                "| {} | {:.2} | {bound} |",
                measure.name, measure.value
            );
        }
        text
    }

    fn measures(&self) -> Vec<Measure> {
        let mut measures = vec![
            self.ratio(VERIFY, SAME_COLUMNS, Bound::AtLeast(0.90)),
            self.ratio(VERIFY, THREE_COLUMNS, Bound::None),
            self.ratio(CONFINED, SAME_COLUMNS, Bound::AtLeast(0.70)),
            self.ratio(VERIFY_ANY, SAME_COLUMNS_ANY, Bound::None),
            self.ratio(REQUIRE, SAME_COLUMNS, Bound::None),
            self.ratio(TOGETHER, ONE_BY_ONE, Bound::AtLeast(2.5)),
            self.ratio(VERIFY, CUSTOMARY, Bound::AtLeast(5.0)),
        ];
        measures.extend(self.by_size());
        let costs = [
            (
                "WAL of 20,000 verifications, bytes",
                self.flush.verify_wal as f64,
                0.0,
            ),
            (
                "WAL per token and flush, bytes",
                self.flush.wal_per_token,
                300.0,
            ),
            (
                "memory per slot, bytes",
                self.flush.slot_bytes as f64,
                128.0,
            ),
            (
                "change of a member's scope, µs per live token",
                self.demotion,
                20.0,
            ),
            ("use lost over a clean restart", self.soak.lost as f64, 0.0),
        ];
        measures.extend(costs.map(|(name, value, most)| Measure {
            name: name.to_owned(),
            value,
            bound: Bound::AtMost(most),
        }));
        measures.push(Measure {
            name: "flush of 1,000 tokens, ms".to_owned(),
            value: self.flush.ms_per_1000,
            bound: Bound::None,
        });
        measures.push(Measure {
            name: format!(
                "growth of a backend over {} verifications, kB",
                self.soak.verifications
            ),
            value: self.soak.grown_kb as f64,
            bound: Bound::None,
        });
        measures
    }

    /// The median of the ratios of neighbouring turns.
    fn ratio(&self, name: &'static str, to: &'static str, bound: Bound) -> Measure {
        let ratios: Vec<f64> = self.figures[name]
            .iter()
            .zip(&self.figures[to])
            .map(|(rate, to)| rate / to)
            .collect();
        Measure {
            name: format!("{name} / {to}"),
            value: median(&ratios),
            bound,
        }
    }

    /// verify_token at each size against the smallest.
    fn by_size(&self) -> Vec<Measure> {
        let Some((smallest, base)) = self.by_size.iter().next() else {
            return Vec::new();
        };
        self.by_size
            .iter()
            .skip(1)
            .map(|(tokens, figures)| {
                let ratios: Vec<f64> = figures
                    .iter()
                    .zip(base)
                    .map(|(rate, to)| rate / to)
                    .collect();
                Measure {
                    name: format!("{VERIFY} at {tokens} tokens / at {smallest}"),
                    value: median(&ratios),
                    bound: Bound::AtLeast(0.85),
                }
            })
            .collect()
    }

    /// Every figure of every turn.
    pub fn write_json(&self, path: &Path) {
        let measures: Vec<_> = self
            .measures()
            .into_iter()
            .map(|measure| json!({ "measure": measure.name, "value": measure.value }))
            .collect();
        let value = json!({
            "run": self.options.describe(),
            "tokens_per_second": self.figures,
            "verify_token_by_size": self.by_size,
            "measures": measures,
        });
        std::fs::write(path, format!("{value:#}\n")).expect("target/bench can be written");
    }
}
