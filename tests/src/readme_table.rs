//! Tables of the documentation, for tests that walk them.
use crate::program::checkout;

/// The cells of the table of facade/README.md that begins with this head.
#[track_caller]
pub fn readme_table(head: &str) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(checkout().join("facade/README.md")).expect("it is there");
    let lines = page.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let row = row.trim_matches('|').split('|');
        row.map(|cell| cell.trim().to_owned()).collect()
    };
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "no table begins with {head}");
    rows
}
