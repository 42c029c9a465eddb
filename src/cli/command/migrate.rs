//! What `upgrade` and `downgrade` have in common: plan, ask, run, report.

use std::{cell::LazyCell, sync::Arc};

use serde_json::json;

use crate::{
    cli::{
        args::RunArgs,
        confirm,
        context::Context,
        error::CliError,
        foreign,
        output::{Output, json as shapes, listing, style},
        progress::Progress,
        rules, signals,
    },
    config::Guard,
    engine::{Control, Engine, Options, Project, Report, Start, gate, offline},
    hazard::Told,
    pg::impact,
    present::{age, safe::display_safe},
    revision::{Direction, History, Plan},
};

pub(super) fn run(
    ctx: &Context,
    direction: Direction,
    spec: &str,
    args: &RunArgs,
) -> Result<u8, CliError> {
    foreign::tag(args.tag.as_ref())?;
    let (project, history) = ctx.sound()?;
    let options = options(&project, args);
    rules::known(&args.allow)?;
    if args.sql {
        Output::raw(&offline::script(&history, direction, spec, &options)?)?;
        return Ok(0);
    }
    open_to_all(ctx, &project);
    Context::block_on(async {
        let mut engine = ctx.engine(&project, Arc::clone(&history), Start::FirstUse).await?;
        engine.options = options;
        if !args.dry_run {
            confirm(ctx, &project, &engine, direction, spec).await?;
        }
        let report = Box::pin(migrate(ctx, &engine, direction, spec)).await?;
        tell(ctx, &history, &report, direction);
        if args.json {
            let mut value = shapes::report(&report);
            value["direction"] = json!(shapes::direction(direction));
            value["target"] = json!(spec);
            Output::json(&value)?;
        }
        Ok(0)
    })
}

/// Warns of revisions that anybody may change: they are code that runs with our rights.
fn open_to_all(ctx: &Context, project: &Project) {
    let open = project.source().open_to_all();
    let Some(first) = open.first() else { return };
    let path = first.display().to_string();
    let path = display_safe(&path);
    let others = match open.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    ctx.out.warn(&format!("every user of this machine can change `{path}`{others}"));
    ctx.out.hint("take the right to write from others: `chmod -R o-w` on the folder of revisions");
}

/// The settings with what this command line says.
fn options(project: &Project, args: &RunArgs) -> Options {
    let mut options = project.options();
    options.dry_run = args.dry_run;
    options.single_transaction = args.single_transaction;
    options.allow_pooler = args.pooler;
    options.allow.clone_from(&args.allow);
    if let Some(choice) = args.if_locked {
        options.if_locked = choice.into();
    }
    if let Some(wait) = args.wait {
        options.runner_wait = wait;
    }
    if let Some(timeout) = args.lock_timeout {
        options.lock_timeout = timeout;
    }
    if let Some(tries) = args.lock_tries {
        options.lock_tries = tries;
    }
    if let Some(timeout) = args.statement_timeout {
        options.statement_timeout = timeout;
    }
    options
}

async fn migrate(
    ctx: &Context,
    engine: &Engine,
    direction: Direction,
    spec: &str,
) -> Result<Report, CliError> {
    let progress = Progress::start(ctx.out, Arc::clone(&engine.history));
    let control = Control::new(progress.observer());
    let work = async {
        match direction {
            Direction::Up => engine.upgrade(spec, &control).await,
            Direction::Down => engine.downgrade(spec, &control).await,
        }
    };
    let outcome = signals::guarded(&control, &progress, Box::pin(work)).await;
    drop(control);
    progress.finish();
    outcome
}

/// Asks where the project's guard wants it: on `prod` before every write, on `staging` before data
/// is lost.
async fn confirm(
    ctx: &Context,
    project: &Project,
    engine: &Engine,
    direction: Direction,
    spec: &str,
) -> Result<(), CliError> {
    let guard = project.config.guard;
    // Answered beforehand; what the files do not accept is refused by the engine.
    if guard == Guard::Dev || ctx.global.yes {
        return Ok(());
    }
    let plan = engine.preview(direction, spec).await?;
    let losses = match direction {
        Direction::Down => losses(&engine.history, &plan),
        // What the files do not accept is refused before anything is asked.
        Direction::Up => {
            let losses = engine.losses(spec).await?;
            gate::refuse(&losses)?;
            losses.iter().map(ToString::to_string).collect()
        }
    };
    if plan.moves.is_empty() || (guard == Guard::Staging && losses.is_empty()) {
        return Ok(());
    }
    let crate::engine::Link::Connector(connector) = &engine.link else { return Ok(()) };
    let target = connector.connection();
    let word = if guard == Guard::Prod { "prod" } else { "staging" };
    let verb = if direction == Direction::Up { "upgrade" } else { "downgrade" };
    let count = listing::count(plan.moves.len(), "revision", "revisions");
    let what = format!("{verb} of {count} on {target} ({word})");
    confirm::typed(ctx, &what, &losses, &target.database)
}

/// What a plan would lose, one line each.
fn losses(history: &History, plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &plan.moves {
        let Some(node) = step.node else { continue };
        let script = &history.revision(node).script;
        let mut texts = Vec::new();
        for section in script.sections(step.direction).unwrap_or_default() {
            let statements = script.statements(section).unwrap_or_default();
            texts.extend(statements.into_iter().map(|s| &script.text[s.range]));
        }
        let told = LazyCell::new(|| Told::below(history, node, step.direction, usize::MAX));
        let known = |retyped: impact::Retyped<'_>| told.keeps(&texts, retyped);
        for effect in impact::script_impact_knowing(texts.iter().copied(), known) {
            if let Some(loss) = effect.loses {
                lines.push(format!("{} {loss}", history.graph().short_id(node)));
            }
        }
    }
    lines
}

/// The last line: what was done and where the database is now.
fn tell(ctx: &Context, history: &History, report: &Report, direction: Direction) {
    let at = listing::rows(history, &report.after);
    let out = &ctx.out;
    if report.skipped {
        out.say("nothing was done: another runner is at work");
        return;
    }
    if report.done.is_empty() {
        let text = match direction {
            Direction::Up => "nothing to upgrade",
            Direction::Down => "nothing to downgrade",
        };
        out.say(&format!("{text}; the database is at {at}"));
        return;
    }
    let count = listing::count(report.done.len(), "revision", "revisions");
    let took = age::elapsed(report.done.iter().map(|d| d.took).sum());
    let word = match direction {
        Direction::Up => "upgraded",
        Direction::Down => "downgraded",
    };
    if report.dry_run {
        let dry = style::bold("dry run:");
        let was = if report.done.len() == 1 { "was" } else { "were" };
        out.say(&format!(
            "{dry} {count} went through and {was} rolled back; the database is still at {}",
            listing::rows(history, &report.before)
        ));
        for line in &report.not_tried {
            out.say(&format!("  {} {}", style::warning("not tried:"), display_safe(line)));
        }
        return;
    }
    out.say(&format!("{} {count} in {took}; the database is at {at}", style::good(word)));
}
