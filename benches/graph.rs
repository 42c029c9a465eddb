//! How long it takes to load a history and to plan on it, printed as a table.
//!
//! `cargo bench --bench graph`. Budgets (release): loading 10,000 files and planning `upgrade heads`
//! 150 ms together; 100,000 revisions of any shape built and planned in a second.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use limbeck::revision::{
    Graph, History, RevisionId, Source,
    graph::Vertex,
    target::{downgrade, history, upgrade},
};

const FILES: usize = 10_000;
const NODES: usize = 100_000;

fn main() -> std::io::Result<()> {
    files()?;
    for (name, vertices) in shapes() {
        shape(name, vertices);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark's table is its result")]
fn row(what: &str, time: Duration) {
    println!("{what:<50} {:>10.1} ms", time.as_secs_f64() * 1000.0);
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = run();
    row(what, begun.elapsed());
    result
}

fn files() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    write_files(folder.path())?;
    let source = Source::Folders {
        folders: vec![folder.path().to_owned()],
        recursive: false,
        shown_from: Some(folder.path().to_owned()),
    };
    let all = History::load(&source);
    assert_eq!((all.graph().len(), all.problems()), (FILES, [].as_slice()));
    let loaded = timed("10,000 files: load", || History::load(&source));
    let plan = timed("10,000 files: plan upgrade heads", || upgrade(loaded.graph(), &[], "heads"));
    assert_eq!(plan.map(|plan| plan.moves.len()), Ok(FILES));
    Ok(())
}

/// A line with a short branch and a merge now and then, as teams make it.
fn write_files(folder: &Path) -> std::io::Result<()> {
    for (at, vertex) in team(FILES).into_iter().enumerate() {
        let down: Vec<&str> = vertex.down.iter().map(RevisionId::as_str).collect();
        let text = format!(
            "-- revision {at}\n--\n-- Revision ID: {id}\n-- Revises: {down}\n\
             -- Create Date: 2026-11-22T08:26:00Z\n\n-- migrate:up\n\n\
             CREATE TABLE t{at} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    name text NOT NULL DEFAULT 'it''s',\n    made timestamptz NOT NULL DEFAULT now()\n);\n\
             CREATE INDEX t{at}_name ON t{at} (name);\n\n-- migrate:down\n\nDROP TABLE t{at};\n",
            id = vertex.id,
            down = down.join(", "),
        );
        fs::write(folder.join(format!("{}_revision.sql", vertex.id)), text)?;
    }
    Ok(())
}

fn shape(name: &str, vertices: Vec<Vertex>) {
    let count = vertices.len();
    let (graph, faults) = timed(&format!("{name}: build"), || Graph::build(vertices));
    assert_eq!((graph.len(), faults.as_slice()), (count, [].as_slice()));
    let up = timed(&format!("{name}: plan upgrade heads"), || upgrade(&graph, &[], "heads"));
    let rows = up.map(|plan| (plan.moves.len(), plan.after()));
    assert_eq!(rows.as_ref().map(|(moves, _)| *moves), Ok(count));
    let rows = rows.map(|(_, rows)| rows).unwrap_or_default();
    let down = timed(&format!("{name}: plan downgrade base"), || downgrade(&graph, &rows, "base"));
    assert_eq!(down.map(|plan| plan.moves.len()), Ok(count));
    let all = timed(&format!("{name}: list history"), || history(&graph, &[], None));
    assert_eq!(all.map(|nodes| nodes.len()), Ok(count));
}

fn id(at: usize) -> RevisionId {
    RevisionId::new(format!("{at:012x}"))
}

fn vertex(at: usize, down: &[usize], depends_on: &[usize]) -> Vertex {
    Vertex {
        id: id(at),
        down: down.iter().map(|&at| id(at)).collect(),
        depends_on: depends_on.iter().map(|&at| id(at).to_string()).collect(),
        labels: Vec::new(),
    }
}

/// A line; every tenth revision starts a second line of three that is merged back.
fn team(count: usize) -> Vec<Vertex> {
    (0..count)
        .map(|at| match (at, at % 10) {
            (0, _) => vertex(at, &[], &[]),
            (_, 4) if at > 10 => vertex(at, &[at - 3], &[]),
            (_, 7) if at > 10 => vertex(at, &[at - 1, at - 4], &[]),
            _ => vertex(at, &[at - 1], &[]),
        })
        .collect()
}

fn shapes() -> Vec<(&'static str, Vec<Vertex>)> {
    let all = 0..NODES;
    let line = all.clone().map(|at| match at {
        0 => vertex(at, &[], &[]),
        _ => vertex(at, &[at - 1], &[]),
    });
    let ladder = all.clone().map(|at| match (at, at % 3) {
        (0, _) => vertex(at, &[], &[]),
        (_, 0) => vertex(at, &[at - 2, at - 1], &[]),
        (_, odd) => vertex(at, &[at - odd], &[]),
    });
    let wide = all.clone().map(|at| match at {
        0 => vertex(at, &[], &[]),
        _ => vertex(at, &[0], &[]),
    });
    let branches = all.clone().map(|at| match at {
        0 => vertex(at, &[], &[]),
        1..=300 => vertex(at, &[0], &[]),
        _ => vertex(at, &[at - 300], &[]),
    });
    // Two lines; each revision of the second depends on one of the first, every one of which is
    // depended on twice.
    let depends = all.clone().map(|at| match (at, at % 2) {
        (0 | 1, _) => vertex(at, &[], &[]),
        (_, 0) => vertex(at, &[at - 2], &[]),
        _ => vertex(at, &[at - 2], &[at / 4 * 2]),
    });
    // As before, but what is depended on gets older: each dependency lies below the last one's too.
    let crossed = all.clone().map(|at| match (at, at % 2) {
        (0 | 1, _) => vertex(at, &[], &[]),
        (_, 0) => vertex(at, &[at - 2], &[]),
        _ if at > NODES / 2 => vertex(at, &[at - 2], &[(NODES - at) / 2 * 2]),
        _ => vertex(at, &[at - 2], &[]),
    });
    // Three lines; every revision of two of them depends on something far below in another.
    let braid = all.clone().map(|at| match (at, at % 3) {
        (0..=2, _) => vertex(at, &[], &[]),
        (_, 0) => vertex(at, &[at - 3], &[]),
        (_, line) => vertex(at, &[at - 3], &[(at * 7919) % at / 3 * 3 + line - 1]),
    });
    let forest = all.clone().map(|at| vertex(at, &[], &[]));
    // A bush: parents, second parents and dependencies anywhere among the last thousand.
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let bush = all.map(|at| {
        if at == 0 {
            return vertex(at, &[], &[]);
        }
        let mut near = || at - 1 - random(at.min(1000));
        let (one, two, dependency) = (near(), near(), near());
        match random(20) {
            0 | 1 if one != two => vertex(at, &[one, two], &[]),
            2 | 3 => vertex(at, &[one], &[dependency]),
            4 => vertex(at, &[], &[dependency]),
            _ => vertex(at, &[one], &[]),
        }
    });
    vec![
        ("100,000 in a line", line.collect()),
        ("100,000 as a team makes them", team(NODES)),
        ("100,000 as a ladder", ladder.collect()),
        ("100,000 on one base", wide.collect()),
        ("100,000 in 300 branches", branches.collect()),
        ("100,000 with dependencies", depends.collect()),
        ("100,000 with crossed dependencies", crossed.collect()),
        ("100,000 in a braid", braid.collect()),
        ("100,000 bases", forest.collect()),
        ("100,000 as a bush", bush.collect()),
    ]
}
