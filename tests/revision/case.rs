//! One case of the graph corpus: what limbeck answers to it.

use limbeck::revision::{
    Direction, Graph, Node, Plan, RevisionId, RowOp,
    graph::{Fault, Vertex},
    target::{self, TargetError},
    write,
};
use serde_json::{Map, Value, json};

/// Answers one line.
pub(crate) fn answer(line: &str) -> Value {
    let Ok(case) = serde_json::from_str::<Value>(line) else {
        return json!({"id": null, "got": {"error": "bad_case"}});
    };
    let mut answer = Map::new();
    answer.insert("id".to_owned(), case["id"].clone());
    match got(&case) {
        Ok(Got { value, ops }) => {
            answer.insert("got".to_owned(), value);
            if let Some(ops) = ops {
                answer.insert("ops".to_owned(), ops);
            }
        }
        Err(kind) => {
            answer.insert("got".to_owned(), json!({"error": kind}));
        }
    }
    Value::Object(answer)
}

struct Got {
    value: Value,
    ops: Option<Value>,
}

impl From<Value> for Got {
    fn from(value: Value) -> Self {
        Self { value, ops: None }
    }
}

/// The outcome, or the word for the error.
fn got(case: &Value) -> Result<Got, String> {
    let command = case["command"].as_str().unwrap_or_default();
    let (graph, faults) = Graph::build(vertices(&case["graph"])?);
    if let Some(word) = first_fault(&faults) {
        return Err(word.to_owned());
    }
    let rows: Vec<RevisionId> =
        strings(&case["current"]).into_iter().map(RevisionId::new).collect();
    let word = |error: TargetError| error.kind.to_owned();
    let spec = &case["spec"];
    let text = spec.as_str().unwrap_or_default();
    let all = strings(spec);
    let specs: Vec<&str> = all.iter().map(String::as_str).collect();
    Ok(match command {
        "load" => json!({}).into(),
        "info" => info(&graph).into(),
        "upgrade" => run(&graph, &target::upgrade_to(&graph, &rows, &specs).map_err(word)?),
        "downgrade" => run(&graph, &target::downgrade(&graph, &rows, text).map_err(word)?),
        "stamp" => recorded(&target::stamp(&graph, &rows, &specs, false).map_err(word)?),
        "stamp_purge" => recorded(&target::stamp(&graph, &rows, &specs, true).map_err(word)?),
        "upgrade_sql" => {
            offline(&graph, &target::offline(&graph, Direction::Up, text).map_err(word)?)
        }
        "downgrade_sql" => {
            offline(&graph, &target::offline(&graph, Direction::Down, text).map_err(word)?)
        }
        "stamp_sql" => {
            unchanged_is_null(recorded(&target::offline_stamp(&graph, &specs).map_err(word)?))
        }
        "history" => {
            let nodes = target::history(&graph, &rows, spec.as_str()).map_err(word)?;
            listing(&graph, &nodes, &[]).into()
        }
        "history_i" => {
            let nodes = target::history(&graph, &rows, spec.as_str()).map_err(word)?;
            listing(&graph, &nodes, &rows).into()
        }
        "heads" => listing(&graph, &graph.heads(), &[]).into(),
        "heads_resolved" => listing(&graph, &graph.real_heads(), &[]).into(),
        "branches" => {
            let points = graph.branch_points();
            let into: Vec<Vec<&str>> = points
                .iter()
                .map(|&point| {
                    graph.children(point).iter().map(|&child| graph.id(child).as_str()).collect()
                })
                .collect();
            json!({"revs": ids(&graph, &points), "into": into}).into()
        }
        "show" => {
            json!({"revs": ids(&graph, &target::resolve(&graph, &rows, text).map_err(word)?)})
                .into()
        }
        "current_check" if !target::at_heads(&graph, &rows) => {
            return Err("not_at_heads".to_owned());
        }
        "current" | "current_check" => current(&graph, &rows)?.into(),
        "revision" => revision(&graph, spec)?.into(),
        "merge" => merge(&graph, spec)?.into(),
        _ => return Err("bad_case".to_owned()),
    })
}

fn vertices(graph: &Value) -> Result<Vec<Vertex>, String> {
    let ids = |list: &Value| strings(list).into_iter().map(RevisionId::new).collect();
    graph
        .as_array()
        .ok_or("bad_case")?
        .iter()
        .map(|one| {
            Ok(Vertex {
                id: RevisionId::new(one[0].as_str().ok_or("bad_case")?),
                down: ids(&one[1]),
                depends_on: strings(&one[2]),
                labels: strings(&one[3]),
            })
        })
        .collect()
}

/// A string, or a list of strings.
fn strings(list: &Value) -> Vec<String> {
    match list {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn first_fault(faults: &[Fault]) -> Option<&'static str> {
    faults
        .iter()
        .map(|fault| match fault {
            Fault::SelfLoop(_) => "self_loop",
            Fault::DependencySelfLoop(_) => "dep_self_loop",
            Fault::IllegalId(..) | Fault::IllegalLabel(..) => "illegal_rev_id",
            Fault::DuplicateId(..) => "duplicate_revision",
            Fault::DuplicateLabel { .. } => "duplicate_label",
            Fault::MissingParent(..) | Fault::MissingDependency(..) => "missing_revision",
            Fault::Cycle(_) => "cycle",
            Fault::DependencyCycle(_) => "dep_cycle",
        })
        .next()
}

fn ids<'a>(graph: &'a Graph, nodes: &[Node]) -> Vec<&'a str> {
    nodes.iter().map(|&node| graph.id(node).as_str()).collect()
}

fn sorted(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_unstable();
    ids
}

fn info(graph: &Graph) -> Value {
    let mut revs = Map::new();
    for node in graph.nodes() {
        let one = json!({
            "labels": graph.labels(node),
            "down": sorted(ids(graph, graph.lower(node))),
            "next": ids(graph, graph.children(node)),
            "head": graph.is_head(node),
            "real_head": graph.is_real_head(node),
            "branchpoint": graph.is_branch_point(node),
            "mergepoint": graph.is_merge_point(node),
        });
        revs.insert(graph.id(node).to_string(), one);
    }
    json!({
        "heads": ids(graph, &graph.heads()),
        "real_heads": ids(graph, &graph.real_heads()),
        "bases": ids(graph, &graph.bases()),
        "revs": revs,
    })
}

/// The outcome of a plan whose scripts run.
fn run(graph: &Graph, plan: &Plan) -> Got {
    let steps: Vec<Value> = plan
        .moves
        .iter()
        .filter_map(|one| {
            let way = match one.direction {
                Direction::Up => "up",
                Direction::Down => "down",
            };
            Some(json!([way, graph.id(one.node?).as_str()]))
        })
        .collect();
    outcome(plan, &steps, &json!(texts(&plan.after())))
}

/// As [`run`], without a database.
fn offline(graph: &Graph, plan: &Plan) -> Got {
    unchanged_is_null(run(graph, plan))
}

/// Without steps there is no database whose rows could be told.
fn unchanged_is_null(mut got: Got) -> Got {
    if got.value["after"].as_array().is_some_and(Vec::is_empty) {
        got.value["rows"] = Value::Null;
    }
    got
}

/// The outcome of a plan that only changes rows.
fn recorded(plan: &Plan) -> Got {
    outcome(plan, &[], &json!(texts(&plan.after())))
}

fn outcome(plan: &Plan, steps: &[Value], rows: &Value) -> Got {
    let after: Vec<Value> =
        (1..=plan.moves.len()).map(|done| json!(texts(&plan.rows_after(done)))).collect();
    let ops: Vec<Value> = plan.moves.iter().map(|one| one.rows.iter().map(op).collect()).collect();
    Got { value: json!({"run": steps, "after": after, "rows": rows}), ops: Some(json!(ops)) }
}

fn texts(ids: &[RevisionId]) -> Vec<&str> {
    ids.iter().map(RevisionId::as_str).collect()
}

fn op(op: &RowOp) -> Value {
    match op {
        RowOp::Insert(id) => json!(["insert", id.as_str()]),
        RowOp::Delete(id) => json!(["delete", id.as_str()]),
        RowOp::Update { from, to } => json!(["update", from.as_str(), to.as_str()]),
    }
}

fn listing(graph: &Graph, nodes: &[Node], rows: &[RevisionId]) -> Value {
    let flags: Vec<Vec<&str>> = nodes
        .iter()
        .map(|&node| {
            let flags = [
                (graph.is_branch_point(node), "branchpoint"),
                (rows.contains(graph.id(node)), "current"),
                (graph.is_head(node) && !graph.is_real_head(node), "effective_head"),
                (graph.is_real_head(node), "head"),
                (graph.is_merge_point(node), "mergepoint"),
            ];
            flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect()
        })
        .collect();
    json!({"revs": ids(graph, nodes), "flags": flags})
}

fn current(graph: &Graph, rows: &[RevisionId]) -> Result<Value, String> {
    match target::current(graph, rows) {
        (tips, unknown) if unknown.is_empty() => Ok(json!({"revs": ids(graph, &tips)})),
        _ => Err("no_such_revision".to_owned()),
    }
}

fn revision(graph: &Graph, spec: &Value) -> Result<Value, String> {
    if let Some(id) = spec["rev_id"].as_str()
        && !RevisionId::illegal(id).is_empty()
    {
        return Err("illegal_rev_id".to_owned());
    }
    made(graph, spec, &strings(&spec["head"]))
}

fn merge(graph: &Graph, spec: &Value) -> Result<Value, String> {
    made(graph, spec, &strings(&spec["revisions"]))
}

fn made(graph: &Graph, spec: &Value, heads: &[String]) -> Result<Value, String> {
    let splice = spec["splice"].as_bool().unwrap_or(false);
    let placed = write::place(graph, &[], heads, splice, &strings(&spec["depends_on"]))
        .map_err(|error| error.kind.to_owned())?;
    Ok(json!({
        "down": ids(graph, &placed.down),
        "depends_on": placed.depends_on,
        "labels": strings(&spec["label"]),
    }))
}
