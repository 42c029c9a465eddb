//! `limbeck status`: server, database, revisions, problems, settings; reads only.

use std::{fmt::Write, sync::Arc};

use serde_json::{Value, json};

use super::db;
use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{
            Output, json as shapes, listing, style,
            table::{Cell, columns},
        },
    },
    code::Code,
    config::{Guard, Origin},
    engine::{Overview, Project, Start, overview::Edit},
    present::{age, safe::display_safe},
    revision::{History, Node},
    server::{Provider, State, Status},
};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit with 1 when revisions are pending, edited, unknown or broken
    #[arg(long)]
    pub(crate) check: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How many pending revisions are listed without `-v`.
const LISTED: usize = 10;

/// Everything that `status` knows.
struct Facts {
    history: Arc<History>,
    server: Status,
    /// Where the database is reached, without secrets; none before a managed server exists.
    target: Option<String>,
    /// What it says; an error when it should be reachable and is not.
    database: Option<Result<Overview, CliError>>,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let facts = Context::block_on(gather(&project))?;
    if args.json {
        Output::json(&document(&project, &facts))?;
    } else {
        ctx.out.data(&page(ctx, &project, &facts))?;
        if let Some(Ok(overview)) = &facts.database {
            ctx.mention_adoptable(overview.adoptable.as_ref());
        }
        next(ctx, &facts);
    }
    match facts.database {
        // Already in the document, but the exit status must tell.
        Some(Err(error)) => Err(error.told()),
        _ if args.check && !facts.clean() => Ok(1),
        _ => Ok(0),
    }
}

async fn gather(project: &Project) -> Result<Facts, CliError> {
    let provider = Provider::choose(&project.config).await?;
    let server = provider.status().await;
    let history = Arc::new(project.history());
    let down = matches!(server.state, State::Stopped | State::Absent);
    let known = project.config.connection.clone().or_else(|| provider.connection());
    let database = if down && project.config.connection.is_none() {
        None
    } else {
        let read = async {
            let connector = project.connect(Start::Never, &|_| {}).await?;
            Ok(project.engine(Arc::clone(&history), connector).overview().await?)
        };
        Some(read.await)
    };
    Ok(Facts { history, server, target: known.map(|c| c.to_string()), database })
}

impl Facts {
    fn overview(&self) -> Option<&Overview> {
        self.database.as_ref().and_then(|database| database.as_ref().ok())
    }

    fn state(&self, node: Node) -> Option<&crate::engine::overview::RevisionState> {
        self.overview()?.states.get(node.index())
    }

    /// Pending revisions, oldest first.
    fn pending(&self) -> Vec<Node> {
        if self.overview().is_none() {
            return Vec::new();
        }
        let all = crate::revision::target::history(self.history.graph(), &[], None);
        let mut nodes = all.unwrap_or_else(|_| self.history.graph().nodes().collect());
        nodes.retain(|node| self.state(*node).is_some_and(|s| !s.applied));
        nodes.reverse();
        nodes
    }

    fn nodes_where(
        &self,
        is: impl Fn(&crate::engine::overview::RevisionState) -> bool,
    ) -> Vec<Node> {
        self.history.graph().nodes().filter(|n| self.state(*n).is_some_and(&is)).collect()
    }

    /// Nothing pending, nothing wrong; a database that cannot be asked is not clean.
    fn clean(&self) -> bool {
        self.history.problems().is_empty()
            && self.overview().is_some_and(|o| o.pending == 0 && o.orphans.is_empty())
            && self
                .nodes_where(|s| s.edited == Some(Edit::Up) || s.partial.is_some() || s.skipped)
                .is_empty()
    }
}

fn page(ctx: &Context, project: &Project, facts: &Facts) -> String {
    let config = &project.config;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut fact = |name: &str, value: Cell| rows.push(vec![Cell::styled(name, style::dim), value]);
    let guard = match config.guard {
        Guard::Dev => Cell::styled("dev", style::dim),
        Guard::Staging => Cell::styled("staging", style::warning),
        Guard::Prod => Cell::styled("prod", style::error),
    };
    let profile =
        config.profile.as_deref().map_or_else(Cell::default, |p| Cell::plain(display_safe(p)));
    let name = Cell::styled(&display_safe(&config.name), style::bold);
    fact("project", name.join(" · ", &profile).join(" · ", &guard));
    let server = Cell::plain(display_safe(&facts.server.summary));
    fact("server", server.join(" · ", &db::state_beside(&facts.server)));
    if let Some(target) = &facts.target {
        fact("database", Cell::plain(display_safe(target)).join(" · ", &database(facts)));
    }
    let history = &facts.history;
    if let Some(overview) = facts.overview() {
        let (nodes, unknown) = crate::revision::target::current(history.graph(), &overview.rows);
        let mut lines: Vec<Cell> = nodes
            .iter()
            .map(|node| {
                let id = display_safe(history.graph().short_id(*node));
                let message = Cell::plain(display_safe(&history.revision(*node).message));
                Cell::styled(&id, style::id).join(" ", &message)
            })
            .collect();
        lines.extend(unknown.iter().map(|id| {
            Cell::styled(&display_safe(id.as_str()), style::id)
                .join(" ", &Cell::styled("in no file here", style::error))
        }));
        if lines.is_empty() {
            lines.push(Cell::styled("base: no revision is applied", style::dim));
        }
        for (i, line) in lines.into_iter().enumerate() {
            fact(if i == 0 { "at" } else { " " }, line);
        }
    }
    let files = history.revisions().len();
    let total = listing::count(files, "revision", "revisions");
    match facts.overview() {
        Some(overview) if overview.pending > 0 => {
            fact(
                "pending",
                Cell::styled(&format!("{} of {total}", overview.pending), style::warning),
            );
        }
        Some(_) => fact("pending", Cell::styled("none", style::good)),
        None => fact("revisions", Cell::plain(files.to_string())),
    }
    let heads = history.graph().heads().len();
    if heads > 1 {
        fact("heads", Cell::styled(&format!("{heads}: the history has branches"), style::warning));
    }
    let mut text = columns(&rows, "");
    let pending = facts.pending();
    let shown = if ctx.out.verbose > 0 { pending.len() } else { pending.len().min(LISTED) };
    if shown > 0 {
        let look =
            listing::Look { states: facts.overview().map(|o| &o.states[..]), ..Default::default() };
        let lines: Vec<Vec<Cell>> =
            pending[..shown].iter().map(|node| listing::line(history, *node, look)).collect();
        text.push('\n');
        text.push_str(&columns(&lines, "  "));
        if shown < pending.len() {
            let rest = format!("  … and {} more (-v lists all)\n", pending.len() - shown);
            text.push_str(&style::dim(&rest));
        }
    }
    let troubles = troubles(facts);
    if !troubles.is_empty() {
        let _ = write!(text, "\n{}\n{}", style::error("problems"), columns(&troubles, "  "));
    }
    if ctx.out.verbose > 0 {
        let _ = write!(text, "\n{}\n{}", style::bold("settings"), settings(project));
    }
    text
}

/// Version, size and answer time of the database.
fn database(facts: &Facts) -> Cell {
    let Some(overview) = facts.overview() else {
        let word = if facts.database.is_some() { "not reachable" } else { "not running" };
        return Cell::styled(word, style::error);
    };
    let server = &overview.server;
    let mut text = format!(
        "PostgreSQL {} · {} · answers in {}",
        display_safe(&server.version),
        age::bytes(server.size),
        if server.latency.as_millis() == 0 {
            "under 1 ms".to_owned()
        } else {
            age::elapsed(server.latency)
        }
    );
    if server.in_recovery {
        text.push_str(" · standby, read-only");
    }
    Cell::styled(&text, style::dim)
}

/// What is wrong, one line each.
fn troubles(facts: &Facts) -> Vec<Vec<Cell>> {
    let history = &facts.history;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut add = |code: &str, what: String| {
        rows.push(vec![Cell::styled(code, style::error), Cell::plain(what)]);
    };
    for problem in history.problems() {
        let path = problem.path.as_ref().map(|p| p.display().to_string());
        let place = match (path, problem.line) {
            (Some(path), 0) => format!("{path}: "),
            (Some(path), line) => format!("{path}:{line}: "),
            (None, _) => String::new(),
        };
        add(
            problem.code.as_str(),
            display_safe(&format!("{place}{}", problem.message)).into_owned(),
        );
    }
    for node in facts.nodes_where(|s| s.edited == Some(Edit::Up)) {
        add(
            Code::Edited.as_str(),
            format!("{} was changed after it was applied", listing::named(history, node)),
        );
    }
    for node in facts.nodes_where(|s| s.skipped) {
        let name = listing::named(history, node);
        add(
            Code::SkippedAncestor.as_str(),
            format!("{name} stands below what is applied, yet was never applied itself"),
        );
    }
    for node in facts.nodes_where(|s| s.partial.is_some()) {
        if let Some((done, of)) = facts.state(node).and_then(|s| s.partial) {
            let name = listing::named(history, node);
            add(
                Code::Partial.as_str(),
                format!("{name} was interrupted: {done} of {of} statements are done"),
            );
        }
    }
    for node in facts.nodes_where(|s| s.failed.is_some() && !s.applied) {
        if let Some(failed) = facts.state(node).and_then(|s| s.failed.as_deref()) {
            let name = listing::named(history, node);
            add("FAILED", format!("{name} failed last time: {}", display_safe(failed)));
        }
    }
    for orphan in facts.overview().map(|o| &o.orphans[..]).unwrap_or_default() {
        let message = orphan.message.as_deref().unwrap_or_default();
        let text = format!("{} {message}", orphan.id);
        let code = if orphan.current { Code::DatabaseAhead } else { Code::MissingFile };
        add(
            code.as_str(),
            format!("{} is applied, but in no file here", display_safe(text.trim_end())),
        );
    }
    rows
}

fn settings(project: &Project) -> String {
    let rows: Vec<Vec<Cell>> = project
        .config
        .settings
        .iter()
        .map(|setting| {
            vec![
                Cell::plain(display_safe(&setting.name)),
                if setting.value.is_empty() {
                    Cell::styled("unset", style::dim)
                } else if setting.origin == Origin::Default {
                    Cell::plain(display_safe(&setting.value))
                } else {
                    Cell::styled(&display_safe(&setting.value), style::bold)
                },
                Cell::styled(&display_safe(&origin(&setting.origin, project)), style::dim),
            ]
        })
        .collect();
    columns(&rows, "  ")
}

fn origin(origin: &Origin, project: &Project) -> String {
    let short = |path: &std::path::Path| {
        path.strip_prefix(&project.config.root).unwrap_or(path).display().to_string()
    };
    match origin {
        Origin::Default => "built in".to_owned(),
        Origin::File(path, line) => format!("{}:{line}", short(path)),
        Origin::DotEnv(path) => short(path),
        Origin::Env(name) => format!("${name}"),
        Origin::Flag(name) => name.clone(),
        Origin::Server => "the server".to_owned(),
    }
}

/// The one thing to do next.
fn next(ctx: &Context, facts: &Facts) {
    if facts.database.is_none() {
        ctx.out.hint("`limbeck db start` starts the server");
    } else if let Some(problem) = facts.history.problems().iter().find_map(|p| p.hint.as_ref()) {
        ctx.out.hint(&display_safe(problem));
    } else if facts.overview().is_some_and(|o| o.orphans.iter().any(|orphan| orphan.current)) {
        ctx.out.hint("update the migrations folder (`git pull`), or check which database this is");
    } else if facts.history.revisions().is_empty() {
        ctx.out.hint("`limbeck revision -m MESSAGE` writes the first revision");
    } else if facts.overview().is_some_and(|o| o.pending > 0 && o.adoptable.is_none()) {
        let target = if facts.history.graph().heads().len() > 1 { "heads" } else { "head" };
        ctx.out.hint(&format!("`limbeck upgrade {target}` runs what is pending"));
    }
}

fn document(project: &Project, facts: &Facts) -> Value {
    let config = &project.config;
    let history = &facts.history;
    let graph = history.graph();
    let guard = match config.guard {
        Guard::Dev => "dev",
        Guard::Staging => "staging",
        Guard::Prod => "prod",
    };
    let database = match &facts.database {
        None => json!({ "reachable": false, "target": facts.target }),
        Some(Err(error)) => {
            json!({ "reachable": false, "target": facts.target, "error": error.json()["error"] })
        }
        Some(Ok(overview)) => {
            let server = &overview.server;
            json!({
                "reachable": true,
                "target": facts.target,
                "version": server.version,
                "name": server.database,
                "user": server.user,
                "superuser": server.superuser,
                "standby": server.in_recovery,
                "size_bytes": server.size,
                "uptime_s": server.uptime.as_secs(),
                "latency_ms": shapes::millis(server.latency),
            })
        }
    };
    let mut value = json!({
        "project": config.name,
        "root": config.root,
        "profile": config.profile,
        "guard": guard,
        "server": db::json_status(&facts.server),
        "database": database,
        "revisions": history.revisions().len(),
        "heads": graph.heads().iter().map(|n| graph.id(*n).as_str()).collect::<Vec<_>>(),
        "problems": history.problems().iter().map(shapes::problem).collect::<Vec<_>>(),
        "clean": facts.clean(),
    });
    if let Some(overview) = facts.overview() {
        value["managed"] = json!(overview.managed);
        value["adoptable"] = json!(overview.adoptable);
        value["rows"] = json!(shapes::ids(&overview.rows));
        value["pending"] = json!(shapes::revisions(history, &facts.pending()));
        value["edited"] = states(facts, |s| s.edited.map(|e| json!(shapes::edit(e))), "how");
        let skipped = facts.nodes_where(|s| s.skipped);
        value["skipped"] = skipped.iter().map(|n| json!(graph.id(*n).as_str())).collect();
        value["partial"] = states(facts, |s| s.partial.map(|p| json!([p.0, p.1])), "statements");
        value["failed"] = states(facts, |s| s.failed.as_ref().map(|f| json!(f)), "error");
        value["orphans"] = overview
            .orphans
            .iter()
            .map(|orphan| {
                json!({
                    "id": orphan.id.as_str(),
                    "message": orphan.message,
                    "applied_at": shapes::time(orphan.applied_at),
                    "row": orphan.current,
                })
            })
            .collect();
    }
    value["settings"] = config
        .settings
        .iter()
        .map(|s| json!({ "name": s.name, "value": s.value, "origin": origin(&s.origin, project) }))
        .collect();
    value
}

/// The revisions for which `pick` finds something, with it under `name`.
fn states(
    facts: &Facts,
    pick: impl Fn(&crate::engine::overview::RevisionState) -> Option<Value>,
    name: &str,
) -> Value {
    let graph = facts.history.graph();
    let found = graph.nodes().filter_map(|node| {
        let value = pick(facts.state(node)?)?;
        Some(json!({ "id": graph.id(node).as_str(), name: value }))
    });
    found.collect()
}
