//! The invariants of `docs/architecture.md`, checked against the source itself.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Modules by rank: a file may name `crate::<module>` only of its own module or of a lower rank.
const RANKS: &[(&str, u8)] = &[
    ("code", 0),
    ("pg", 0),
    ("revision", 1),
    ("schema", 1),
    ("config", 1),
    ("present", 2),
    ("db", 2),
    ("hazard", 2),
    ("plan", 3),
    ("catalog", 3),
    ("models", 3),
    ("server", 3),
    ("engine", 4),
    ("worker", 5),
    ("tui", 6),
    ("cli", 6),
];

/// Where tasks may be started outside `worker`, and why.
const SPAWNS: &[(&str, &str)] = &[
    ("src/db/", "every connection needs a task that drives it"),
    ("src/cli/", "signals and progress of a command"),
    ("src/tui/run.rs", "the loop's own input and signal streams"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is text");
            let shown = path.strip_prefix(root()).expect("it is below the root");
            (shown.to_string_lossy().replace('\\', "/"), text)
        })
        .collect()
}

fn module_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    let name = rest.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then_some(name)
}

/// Tokens of a file as text, groups opened up, so that macros and attributes are seen too.
fn words(text: &str, path: &str) -> Vec<String> {
    fn flatten(stream: TokenStream, out: &mut Vec<String>) {
        for token in stream {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    out.push(open.to_owned());
                    flatten(group.stream(), out);
                    out.push(close.to_owned());
                }
                TokenTree::Literal(_) => out.push("literal".to_owned()),
                other => out.push(other.to_string()),
            }
        }
    }
    let stream: TokenStream = text.parse().unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut out = Vec::new();
    flatten(stream, &mut out);
    out
}

/// The modules named as `crate::x` or `crate::{x, y::z}`.
fn named_modules(words: &[String]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (i, word) in words.iter().enumerate() {
        let is = |at: usize, text: &str| words.get(at).is_some_and(|w| w == text);
        if word != "crate" || !is(i + 1, ":") || !is(i + 2, ":") {
            continue;
        }
        match words.get(i + 3) {
            Some(open) if open == "{" => {
                let (mut depth, mut at_name) = (0, true);
                for word in &words[i + 3..] {
                    match word.as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        "," if depth == 1 => at_name = true,
                        name if depth == 1 && at_name => {
                            named.insert(name.to_owned());
                            at_name = false;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            Some(name) => {
                named.insert(name.clone());
            }
            None => {}
        }
    }
    named
}

fn rank(module: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

#[test]
fn layers_only_look_down() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(module) = module_of(&path) else { continue };
        let Some(own) = rank(module) else {
            wrong.push(format!("{path}: module `{module}` has no rank"));
            continue;
        };
        for named in named_modules(&words(&text, &path)) {
            let Some(other) = rank(&named) else { continue };
            if named != module && other >= own {
                wrong.push(format!("{path} (rank {own}) names crate::{named} (rank {other})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_what_it_should() {
    let names = |text: &str| named_modules(&words(text, "example")).into_iter().collect::<Vec<_>>();
    assert_eq!(names("use crate::db::Pool;"), ["db"]);
    assert_eq!(names("use crate::{db::{a, b}, pg, cli::x};"), ["cli", "db", "pg"]);
    assert_eq!(names("fn f() { foo!(crate::tui::run()) }"), ["tui"]);
}

/// Fails on any of these token sequences, outside unit tests, in files that `allowed` does not name.
fn forbid(sequences: &[&[&str]], allowed: impl Fn(&str) -> bool) {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if allowed(&path) || path.ends_with("/tests.rs") {
            continue;
        }
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let words = words(text, &path);
        for sequence in sequences {
            if words.windows(sequence.len()).any(|w| w.iter().zip(*sequence).all(|(a, b)| a == b)) {
                wrong.push(format!("{path}: {}", sequence.concat()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_is_silent() {
    forbid(
        &[
            &["println", "!"],
            &["eprintln", "!"],
            &["print", "!"],
            &["eprint", "!"],
            &["dbg", "!"],
            &["env", ":", ":", "var"],
            &["env", ":", ":", "vars"],
            &["env", ":", ":", "var_os"],
            &["env", ":", ":", "home_dir"],
            &["env", ":", ":", "current_dir"],
        ],
        |path| ["src/cli/", "src/tui/", "src/main.rs"].iter().any(|p| path.starts_with(p)),
    );
}

#[test]
fn only_the_program_ends_the_process() {
    forbid(&[&["process", ":", ":", "exit"]], |path| path == "src/main.rs");
}

#[test]
fn only_the_worker_spawns_tasks() {
    forbid(
        &[
            &["tokio", ":", ":", "spawn"],
            &["task", ":", ":", "spawn"],
            &["spawn_blocking"],
            &["JoinSet"],
        ],
        |path| path.starts_with("src/worker/") || SPAWNS.iter().any(|(p, _)| path.starts_with(p)),
    );
}

#[test]
fn only_db_opens_connections() {
    forbid(&[&["tokio_postgres", ":", ":", "connect"], &["NoTls"]], |path| {
        path.starts_with("src/db/") || path == "src/engine/link.rs"
    });
}
