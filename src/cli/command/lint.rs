//! `limbeck lint`: what revisions would do to a running database, and what is wrong with them, before
//! they run.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;

use super::diff::with_bench;
use crate::{
    catalog::sizes,
    cli::{
        context::Context,
        error::CliError,
        output::{Output, drawing, listing, style},
        rules,
    },
    code::Code,
    engine::{
        Project, Start,
        schema::{self, Source},
    },
    hazard::{
        Facts, RULES, Severity, Size,
        lint::{self, Finding, Levels},
        rule::Group,
    },
    plan::Sizes,
    present::safe::display_safe,
    revision::{History, Node, RevisionId, Script, Section, file, target},
    schema::Snapshot,
};

/// Arguments of `lint`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// Revisions, ranges `A:B`, or SQL files; what is pending when left out
    #[arg(value_name = "SPEC|FILE", allow_negative_numbers = true)]
    pub(crate) targets: Vec<String>,

    /// Accept what this rule finds
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<String>,

    /// Show notes too: locks of a moment, and what the files accept
    #[arg(long)]
    pub(crate) all: bool,

    /// Look at the files alone, without asking the database for sizes, types and checks
    #[arg(long)]
    pub(crate) no_database: bool,

    /// List the rules
    #[arg(long, conflicts_with_all = ["targets", "all"])]
    pub(crate) rules: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is looked at.
struct Subject {
    path: PathBuf,
    script: Script,
    /// It has not run in the database yet: what is known of that holds for it.
    ahead: bool,
    /// A revision, which should have a way down.
    revision: bool,
}

/// What the database says.
#[derive(Default)]
struct Known {
    schema: Option<Snapshot>,
    sizes: Sizes,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    if args.rules {
        return list(ctx, args.json);
    }
    rules::known(&args.allow)?;
    let project = ctx.project()?;
    let levels = levels(&project, args)?;
    let history = Arc::new(project.history());
    let rows = if args.no_database { None } else { rows(ctx, &project, &history) };
    let subjects = subjects(ctx, &project, &history, rows.as_deref(), &args.targets)?;
    let known = match rows {
        Some(_) if !subjects.is_empty() => known(ctx, &project, &subjects),
        _ => Known::default(),
    };
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let mut strange = Vec::new();
    for (at, subject) in subjects.iter().enumerate() {
        let version = known.schema.as_ref().map_or(13, |schema| schema.version / 10_000);
        let facts = match &known.schema {
            Some(schema) if subject.ahead => Facts::of(schema),
            _ => Facts::of_version(version),
        };
        let findings = lint::script(&subject.script, &facts, &levels).map_err(|error| {
            CliError::new(Code::Unterminated, error.to_string()).at(&subject.path, 0, 0, "")
        })?;
        found.extend(findings.into_iter().map(|finding| (at, finding)));
        if subject.revision && subject.script.down.is_none() {
            let text = &subject.script.text;
            found.extend(lint::of_file("missing-down", &levels, text).map(|it| (at, it)));
        }
        strange.extend(lint::unknown(&subject.script).into_iter().map(|it| (at, it)));
    }
    for (_, finding) in &mut found {
        finding.hazard.size = known.sizes.of(&finding.hazard.object);
    }
    let small = project.config.lint.small_table;
    found.retain(|(_, finding)| !is_small(finding, small));
    let counting = found.iter().filter(|(_, it)| it.counts()).count() + strange.len();
    let status = u8::from(counting > 0);
    if args.json {
        let findings: Vec<_> = found
            .iter()
            .map(|(at, finding)| {
                let mut value = json!(finding);
                value["path"] = json!(subjects[*at].path);
                value["direction"] = json!(match finding.direction {
                    crate::revision::Direction::Up => "up",
                    crate::revision::Direction::Down => "down",
                });
                value["counts"] = json!(finding.counts());
                value
            })
            .collect();
        let unknown: Vec<_> = strange
            .iter()
            .map(|(at, it)| json!({ "path": subjects[*at].path, "line": it.line, "name": it.name }))
            .collect();
        Output::json(&json!({
            "files": subjects.iter().map(|s| &s.path).collect::<Vec<_>>(),
            "database": known.schema.is_some(),
            "code": (status > 0).then_some(Code::Lint.as_str()),
            "findings": findings,
            "unknown_rules": unknown,
        }))?;
        return Ok(status);
    }
    let mut text = String::new();
    for (at, it) in &strange {
        let path = subjects[*at].path.display();
        let place = display_safe(&format!("{path}:{}", it.line)).into_owned();
        let _ = writeln!(
            text,
            "{}: {}: `{}` is no rule\n  {} {}\n",
            style::bold(&place),
            style::warning("warning"),
            display_safe(&it.name),
            style::hint("hint:"),
            rules::hint(&it.name)
        );
    }
    let mut hidden = 0;
    for (at, finding) in &found {
        if args.all || finding.counts() {
            text.push_str(&page(&subjects[*at].path, finding));
        } else {
            hidden += 1;
        }
    }
    ctx.out.data(&text)?;
    summary(ctx, subjects.len(), counting, hidden, args.all);
    Ok(status)
}

fn summary(ctx: &Context, files: usize, counting: usize, hidden: usize, all: bool) {
    let of = listing::count(files, "file", "files");
    if files == 0 {
        ctx.out.say("nothing is pending: there is nothing to look at");
        return;
    }
    match counting {
        0 => ctx.out.say(&format!("{} nothing found in {of}", style::good("✓"))),
        n => {
            let found = listing::count(n, "finding", "findings");
            ctx.out.say(&format!("{} {found} in {of} [{}]", style::warning("⚠"), Code::Lint));
            ctx.out.hint(
                "what is meant so is accepted above the statement: `-- limbeck: allow RULE \"why\"`",
            );
        }
    }
    if hidden > 0 && !all {
        let notes =
            listing::count(hidden, "note or accepted finding", "notes or accepted findings");
        ctx.out.say(&style::dim(&format!("  {notes} not shown (`--all`)")));
    }
}

/// Tables of fewer rows are nobody's worry.
fn is_small(finding: &Finding, small: u64) -> bool {
    let group = finding.hazard.about().map(|rule| rule.group);
    matches!(group, Some(Group::Lock | Group::Rewrite | Group::MayFail))
        && finding.hazard.size.and_then(|size| size.rows).is_some_and(|rows| rows < small)
}

/// One finding with its statement, and what to do instead.
fn page(path: &Path, finding: &Finding) -> String {
    let hazard = &finding.hazard;
    let place = format!("{}:{}", path.display(), finding.line);
    let level = match (&finding.allowed, hazard.severity) {
        (Some(_), _) => style::good("accepted"),
        (None, Severity::Note) => style::dim("note"),
        (None, Severity::Warning) => style::warning("warning"),
        (None, Severity::Danger) => style::error("danger"),
    };
    let mut text = format!(
        "{}: {level}[{}]: {}\n",
        style::bold(&display_safe(&place)),
        hazard.rule,
        display_safe(&hazard.message)
    );
    if !finding.statement.is_empty() {
        let _ = writeln!(text, "  {}", style::dim(&display_safe(&finding.statement)));
    }
    if let Some(reason) = finding.allowed.as_ref().and_then(|it| it.reason.as_ref()) {
        let _ = writeln!(text, "  because: {}", display_safe(reason));
    }
    if let Some(size) = hazard.size {
        let _ = writeln!(text, "  {} is {}", display_safe(&hazard.object), size.words());
    }
    if finding.allowed.is_none() {
        if let Some(rule) = hazard.about() {
            let _ = writeln!(text, "  {} {}", style::hint("hint:"), rule.hint);
        }
        if !hazard.recipe.is_empty() {
            text.push_str(&drawing::sql(&recipe(&hazard.recipe), "    "));
        }
    }
    text.push('\n');
    text
}

/// A recipe as a script.
fn recipe(steps: &[String]) -> String {
    let lines: Vec<String> = steps
        .iter()
        .map(|step| if step.starts_with("--") { step.clone() } else { format!("{step};") })
        .collect();
    lines.join("\n")
}

fn list(ctx: &Context, as_json: bool) -> Result<u8, CliError> {
    if as_json {
        let rules: Vec<_> = RULES
            .iter()
            .map(|rule| {
                json!({ "id": rule.id, "group": rule.group, "severity": rule.severity,
                    "about": rule.about, "hint": rule.hint, "aliases": rule.aliases })
            })
            .collect();
        Output::json(&json!({ "rules": rules }))?;
        return Ok(0);
    }
    let mut text = String::new();
    for group in Group::ALL {
        let _ = writeln!(text, "{}", style::bold(group.title()));
        for rule in RULES.iter().filter(|rule| rule.group == group) {
            let _ = writeln!(text, "  {:<40} {}", rule.id, style::dim(rule.about));
        }
    }
    ctx.out.data(&text)?;
    Ok(0)
}

fn levels(project: &Project, args: &Args) -> Result<Levels, CliError> {
    let config = &project.config.lint;
    for (key, names) in [("lint.off", &config.off), ("lint.on", &config.on)] {
        rules::known(names).map_err(|error| {
            CliError::new(Code::Settings, format!("`{key}`: {}", error.message()))
        })?;
    }
    Ok(Levels { off: config.off.clone(), on: config.on.clone(), allow: args.allow.clone() })
}

/// The version rows; none when the database does not answer, which is said.
fn rows(ctx: &Context, project: &Project, history: &Arc<History>) -> Option<Vec<RevisionId>> {
    let read = Context::block_on(async {
        let engine = ctx.engine(project, Arc::clone(history), Start::Never).await?;
        Ok(engine.overview().await?.rows)
    });
    match read {
        Ok(rows) => Some(rows),
        Err(error) => {
            ctx.out
                .warn(&format!("the files alone are looked at: {}", display_safe(error.message())));
            None
        }
    }
}

fn subjects(
    ctx: &Context,
    project: &Project,
    history: &History,
    rows: Option<&[RevisionId]>,
    targets: &[String],
) -> Result<Vec<Subject>, CliError> {
    let graph = history.graph();
    let known: Vec<Node> =
        rows.unwrap_or_default().iter().filter_map(|row| graph.find(row.as_str())).collect();
    let applied = graph.ancestors(&known);
    let subject = |node: Node| {
        let revision = history.revision(node);
        Subject {
            path: revision.path.clone(),
            script: revision.script.clone(),
            ahead: rows.is_some() && !applied[node.index()],
            revision: true,
        }
    };
    if targets.is_empty() {
        history.check()?;
        return Ok(graph.nodes().filter(|node| !applied[node.index()]).map(subject).collect());
    }
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let here = ctx.folder()?;
    for target in targets {
        let path = here.join(target);
        if path.is_file() {
            let own = graph.nodes().find(|node| {
                let known = project.config.root.join(&history.revision(*node).path);
                known == path || known.canonicalize().ok() == path.canonicalize().ok()
            });
            match own {
                Some(node) if !seen.insert(node) => {}
                Some(node) => found.push(subject(node)),
                None => found.push(loose(&path, target)?),
            }
            continue;
        }
        let nodes = match target.split_once(':') {
            Some(_) => target::history(graph, rows.unwrap_or_default(), Some(target))?,
            None => target::resolve(graph, rows.unwrap_or_default(), target)?,
        };
        if nodes.is_empty() {
            return Err(CliError::new(
                Code::BadTarget,
                format!("`{target}` names no revision or file"),
            )
            .with_hint("`limbeck history` lists the revisions"));
        }
        found.extend(nodes.into_iter().filter(|node| seen.insert(*node)).map(subject));
    }
    Ok(found)
}

/// A file that is no revision of the project: one with our markers, or plain SQL.
fn loose(path: &Path, shown: &str) -> Result<Subject, CliError> {
    let bytes = std::fs::read(path).map_err(|error| CliError::file("cannot read", path, &error))?;
    let reading = file::read(path, &bytes);
    if let Some(revision) = reading.revision {
        return Ok(Subject {
            path: shown.into(),
            script: revision.script,
            ahead: true,
            revision: true,
        });
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(CliError::new(Code::Encoding, format!("`{shown}` is not UTF-8")));
    };
    let text = text.replace("\r\n", "\n");
    let section = Section { transactional: true, body: 0..text.len(), line: 1 };
    let script = Script { text: text.into(), up: vec![section], down: None };
    Ok(Subject { path: shown.into(), script, ahead: true, revision: false })
}

/// The schema as it is, and how large the tables are that the files name.
fn known(ctx: &Context, project: &Project, subjects: &[Subject]) -> Known {
    let mut names = BTreeSet::new();
    for subject in subjects {
        for section in &subject.script.up {
            for statement in subject.script.statements(section).unwrap_or_default() {
                let text = &subject.script.text[statement.range];
                let objects = crate::pg::impact::impacts(text).into_iter().filter_map(|i| i.object);
                names.extend(objects.filter_map(|name| place(&name)));
            }
        }
    }
    let names: Vec<_> = names.into_iter().collect();
    let read = Context::block_on(with_bench(ctx, project, async |bench| {
        let side = schema::resolve(bench, &Source::Database).await?;
        let session = bench.home.connect("sizes").await?;
        let sizes = sizes::sizes(&session.client, &names).await.unwrap_or_default();
        Ok((side.full, sizes))
    }));
    match read {
        Ok((schema, found)) => {
            let size =
                |it: sizes::Extent| Size { bytes: it.bytes, rows: it.rows, sessions: it.sessions };
            let sizes = Sizes(found.into_iter().map(|(name, it)| (name, size(it))).collect());
            Known { schema: Some(schema), sizes }
        }
        Err(error) => {
            ctx.out
                .warn(&format!("the files alone are looked at: {}", display_safe(error.message())));
            Known::default()
        }
    }
}

/// Schema and name, as far as the words tell.
fn place(name: &str) -> Option<(String, String)> {
    let mut parts = crate::pg::words::normal_name(name);
    let base = parts.pop()?;
    Some((parts.pop().unwrap_or_else(|| "public".to_owned()), base))
}
