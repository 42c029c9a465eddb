//! Answers graph cases: reads one JSON object a line on standard input, writes `{"id", "got",
//! "ops"?}` lines in the same order.
//!
//! The case format is that of `docs/design/graph.md`. A case that cannot be read is answered with
//! `{"error": "bad_case"}`, so that the other end never waits for a line that does not come.

#[path = "../tests/revision/case.rs"]
mod case;

use std::io::{self, BufRead as _, Write as _};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            writeln!(out, "{}", case::answer(&line))?;
        }
    }
    out.flush()
}
