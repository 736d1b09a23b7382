//! The cost of a verification against the number of tokens.

use std::collections::BTreeMap;
use std::path::Path;

use plotters::prelude::*;

use crate::turns::median;

/// Draws microseconds of one connection per verification, over the number of tokens on a logarithmic axis.
pub fn write(by_size: &BTreeMap<u64, Vec<f64>>, path: &Path) {
    let points: Vec<(f64, f64)> = by_size
        .iter()
        .map(|(tokens, figures)| (*tokens as f64, 1e6 / median(figures)))
        .collect();
    draw(&points, path).expect("target/bench can be written");
}

fn draw(points: &[(f64, f64)], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let most_tokens = points
        .iter()
        .map(|(tokens, _)| *tokens)
        .fold(10_000.0, f64::max);
    let most_cost = points.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    let root = SVGBackend::new(path, (720, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("verify_token: time per verification", ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (1_000.0..most_tokens * 2.0).log_scale(),
            0.0..most_cost * 1.3,
        )?;
    chart
        .configure_mesh()
        .x_desc("tokens in the table")
        .y_desc("µs, all connections together")
        .draw()?;
    chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
    chart.draw_series(
        points
            .iter()
            .map(|point| Circle::new(*point, 4, BLUE.filled())),
    )?;
    root.present()?;
    Ok(())
}
