//! `limbeck show`: one revision, its place in the history and its SQL.

use std::{fmt::Write, io::IsTerminal, sync::Arc};

use serde_json::json;

use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, drawing, json as shapes, listing, style},
    },
    code::Code,
    engine::{Start, record::Recorded},
    present::safe::display_safe,
    revision::{Direction, History, Node, RevisionId, file::comment_safe, target},
};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which revision: an id or its beginning, head, current, a branch label, …
    #[arg(value_name = "SPEC", allow_negative_numbers = true)]
    pub(crate) spec: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let (history, nodes) = match find(ctx, &args.spec) {
        // No file has it: perhaps the database has kept what was applied.
        Err(unknown) if unknown.code() == Code::UnknownRevision => {
            return recorded(ctx, args)?.ok_or(unknown);
        }
        found => found?,
    };
    if args.json {
        let values: Vec<_> = nodes
            .iter()
            .map(|node| {
                let script = &history.revision(*node).script;
                let mut value = shapes::revision(&history, *node);
                value["up"] = json!(script.readable(Direction::Up));
                value["down"] =
                    json!(script.down.is_some().then(|| script.readable(Direction::Down)));
                value
            })
            .collect();
        Output::json(&json!({ "revisions": values }))?;
        return Ok(0);
    }
    let texts: Vec<String> = nodes.iter().map(|node| page(&history, *node)).collect();
    ctx.out.data(&texts.join("\n"))?;
    Ok(0)
}

/// Prints a revision whose file is gone as the audit table has it, as a file; none when it has not.
fn recorded(ctx: &Context, args: &Args) -> Result<Option<u8>, CliError> {
    let project = ctx.project()?;
    let history = Arc::new(project.history());
    // Without a database nothing is known of it: the answer is still that no file has it.
    let found = Context::block_on(async {
        let engine = ctx.engine(&project, history, Start::Never).await?;
        Ok(engine.recorded(&args.spec).await?)
    });
    let Ok(Some(found)) = found else { return Ok(None) };
    if args.json {
        let value = json!({
            "id": found.id.as_str(),
            "message": found.message,
            "parents": shapes::ids(&found.parents),
            "path": found.file,
            "up": found.up,
            "down": found.down,
            "recorded": true,
        });
        Output::json(&json!({ "revisions": [value] }))?;
        return Ok(Some(0));
    }
    let file = found.file.clone();
    ctx.out
        .warn(&format!("no file has `{}`; this is what the database recorded of {file}", found.id));
    if found.up.is_none() {
        ctx.out.hint("its script was too long to keep; version control may have the file");
    }
    let text = text_of(&found);
    if std::io::stdout().is_terminal() {
        let lines: Vec<_> = text.lines().map(display_safe).collect();
        ctx.out.data(&(lines.join("\n") + "\n"))?;
    } else {
        // To become a file again.
        Output::raw(&text)?;
    }
    Ok(Some(0))
}

/// The text of a file that says what was recorded.
fn text_of(found: &Recorded) -> String {
    let parents: Vec<&str> = found.parents.iter().map(RevisionId::as_str).collect();
    let mut text = format!(
        "-- {}\n--\n-- Revision ID: {}\n-- Revises: {}\n",
        comment_safe(&found.message),
        found.id,
        parents.join(", "),
    );
    for (word, script) in [("up", &found.up), ("down", &found.down)] {
        let Some(script) = script else { continue };
        if !script.starts_with("-- migrate:") {
            let _ = write!(text, "\n-- migrate:{word}\n");
        }
        let _ = write!(text, "\n{}\n", script.trim_end());
    }
    text
}

/// The revisions that a spec names; the database is asked only where the spec says `current`.
pub(super) fn find(ctx: &Context, spec: &str) -> Result<(Arc<History>, Vec<Node>), CliError> {
    let project = ctx.project()?;
    let history = Arc::new(project.history());
    let symbol = spec.rsplit('@').next().unwrap_or_default();
    let rows: Vec<RevisionId> = if symbol.split(['+', '-']).next() == Some("current") {
        Context::block_on(async {
            let engine = ctx.engine(&project, Arc::clone(&history), Start::Never).await?;
            Ok(engine.overview().await?.rows)
        })?
    } else {
        Vec::new()
    };
    let nodes = target::resolve(history.graph(), &rows, spec)?;
    if nodes.is_empty() {
        return Err(CliError::new(Code::BadTarget, format!("`{spec}` names no revision"))
            .with_hint("`limbeck history` lists the revisions"));
    }
    Ok((history, nodes))
}

fn page(history: &History, node: Node) -> String {
    let script = &history.revision(node).script;
    let mut text = listing::block(history, node, listing::Look::default());
    for (direction, title) in [(Direction::Up, "up"), (Direction::Down, "down")] {
        if script.sections(direction).is_none() {
            continue;
        }
        let sql = script.readable(direction);
        let _ = writeln!(text, "\n{}", style::bold(title));
        if sql.is_empty() {
            let _ = writeln!(text, "  {}", style::dim("nothing to do"));
        }
        text.push_str(&drawing::sql(&sql, "  "));
    }
    text
}
