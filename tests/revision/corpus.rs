//! Agreement with the cases recorded from Alembic, where they are at hand.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;

use crate::case;

/// Cases where limbeck does better, `case-id deviation-number` on each line.
const DEVIATIONS: &str = include_str!("deviations.txt");

#[test]
fn every_recorded_case_agrees_or_is_listed_as_a_deviation() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/graph_cases.jsonl");
    let Ok(cases) = fs::read_to_string(&path) else {
        eprintln!("skipped: no cases at {}", path.display());
        return;
    };
    let mut listed: BTreeMap<&str, &str> =
        DEVIATIONS.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let answer = case::answer(line);
        let Some(agrees) = agrees(&case, &answer) else { continue };
        let id = case["id"].as_str().unwrap_or_default();
        match (agrees, listed.remove(id)) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(number)) => {
                wrong.push(format!("{id} agrees, yet is listed under {number}"));
            }
            (false, None) => wrong.push(format!(
                "{id} {} {} differs\n  expected {}\n  got {answer}",
                case["command"], case["spec"], case["expect"]
            )),
        }
    }
    wrong.extend(listed.keys().map(|id| format!("{id} is listed and is no case")));
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether the answer is one of those expected; none when Alembic crashed and nothing is expected.
fn agrees(case: &Value, answer: &Value) -> Option<bool> {
    let expected: Vec<&Value> = match case.get("expect_any").and_then(Value::as_array) {
        Some(any) => any.iter().collect(),
        None => vec![&case["expect"]],
    };
    let crashed =
        |one: &&Value| one["error"].as_str().is_some_and(|kind| kind.starts_with("crash:"));
    if expected.iter().any(crashed) {
        return None;
    }
    let got = unordered(&answer["got"]);
    let ops = answer.get("ops");
    let ops_agree = match (case.get("ops"), case.get("ops_any").and_then(Value::as_array)) {
        (Some(one), _) => Some(one) == ops,
        (None, Some(any)) => any.iter().any(|one| Some(one) == ops),
        (None, None) => true,
    };
    Some(ops_agree && expected.into_iter().any(|one| unordered(one) == got))
}

/// Sorts the lists whose order says nothing.
fn unordered(outcome: &Value) -> Value {
    const SETS: [&str; 7] = ["heads", "real_heads", "bases", "next", "labels", "flags", "into"];
    match outcome {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let value = unordered(value);
                (key.clone(), if SETS.contains(&key.as_str()) { sorted(value) } else { value })
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// A list of names sorted, or each list of a list.
fn sorted(value: Value) -> Value {
    let Value::Array(mut all) = value else { return value };
    if all.iter().all(Value::is_string) {
        all.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    } else {
        all = all.into_iter().map(sorted).collect();
    }
    Value::Array(all)
}
