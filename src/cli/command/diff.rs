//! `limbeck diff`: two schemas compared, and the script that leads from one to the other.

use std::{collections::BTreeSet, io::Write as _, path::PathBuf, sync::Arc};

use serde_json::json;

use crate::{
    cli::{
        args::Global,
        confirm,
        context::Context,
        error::CliError,
        guest::Guest,
        output::{Output, listing, sides},
        progress::Progress,
        signals,
    },
    code::Code,
    config::Connection,
    engine::{
        self, Control, Project, Start,
        schema::{self, Bench, Comparison, Proof, Refutation, Side, Source, Unproved, Wishes},
    },
    plan::{self, Options, Plan, Rename},
    present::safe::display_safe,
    server,
};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// What is there: database, models, applied, rev:ID, base, an SQL file, a folder, a URL
    #[arg(long, value_name = "SOURCE", default_value = "database")]
    pub(crate) from: String,

    /// What it shall become, written the same way
    #[arg(long, value_name = "SOURCE", default_value = "models")]
    pub(crate) to: String,

    /// Print the SQL script that leads there, for psql
    #[arg(long, conflicts_with = "json")]
    pub(crate) sql: bool,

    /// Print the differences and the steps as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Change existing tables in the direct form, without the steps that spare other sessions
    #[arg(long)]
    pub(crate) plain: bool,

    /// Rename instead of dropping and making: public.account.mail=email, or "table public.a=b"
    #[arg(long, value_name = "OLD=NEW", conflicts_with = "no_renames")]
    pub(crate) rename: Vec<String>,

    /// Rename nothing, and do not ask
    #[arg(long)]
    pub(crate) no_renames: bool,

    /// Do not run the plan in a scratch database, both ways, before it is shown
    #[arg(long)]
    pub(crate) no_proof: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let here = ctx.folder()?;
    let from = Source::parse(&args.from, &here, &|url| locate(ctx, "--from", url))?;
    let to = Source::parse(&args.to, &here, &|url| locate(ctx, "--to", url))?;
    let wishes = Wishes { plan: Options { online: !args.plain }, renames: args.rename.clone() };
    let (comparison, proof) = Context::block_on(async {
        with_bench(ctx, &project, async |bench| {
            let comparison = schema::compare(bench, &from, &to, &wishes).await?;
            let mut comparison =
                if args.no_renames { comparison } else { renames(ctx, bench, comparison).await? };
            // Without a difference there is nothing to prove, and a list of changes offers nothing.
            let offers = (args.sql || args.json) && !comparison.is_equal();
            let proof = match offers && !args.no_proof {
                true => Some(prove(bench, &mut comparison).await?),
                false => None,
            };
            Ok((comparison, proof))
        })
        .await
    })?;
    let proof = match proof {
        Some(Err(refutation)) => return Err(refuted(ctx, &project, &refutation)),
        Some(Ok(proof)) => Some(proof),
        None => None,
    };
    warn(ctx, &[&comparison.old, &comparison.new]);
    if args.json {
        let mut document = document(&comparison);
        document["proof"] = json!(proof);
        Output::json(&document)?;
    } else if args.sql {
        Output::raw(&comparison.up.script())?;
    } else {
        list(ctx, &comparison)?;
    }
    Ok(u8::from(!comparison.is_equal()))
}

/// Asks what was renamed, on a terminal; elsewhere says what would be asked.
pub(super) async fn renames(
    ctx: &Context,
    bench: &Bench,
    mut comparison: Comparison,
) -> Result<Comparison, engine::Error> {
    let mut denied: BTreeSet<Rename> = BTreeSet::new();
    loop {
        let mut questions = comparison.questions();
        questions.retain(|question| !denied.contains(&question.rename));
        // After each yes the rest looks different: a table's columns are then compared.
        let mut accepted = None;
        for question in questions {
            let text = question.rename.to_string();
            if !confirm::can_ask() {
                if question.data {
                    let text =
                        format!("was this renamed: {text}? it is dropped and made again now");
                    ctx.out.warn(&display_safe(&text));
                    let argument = question.rename.argument();
                    ctx.out.hint(&display_safe(&format!(
                        "`--rename \"{argument}\"` keeps what it holds, `--no-renames` does not ask"
                    )));
                }
            } else if confirm::meanwhile(ctx, &bench.control, &format!("rename {text}?")).await {
                accepted = Some(question.rename);
                break;
            }
            denied.insert(question.rename);
        }
        match accepted {
            Some(rename) => comparison = comparison.rename(bench, &[rename]).await?,
            None => return Ok(comparison),
        }
    }
}

/// Proves a comparison; a plan that is wrong is no error of the work.
pub(super) async fn prove(
    bench: &Bench,
    comparison: &mut Comparison,
) -> Result<Result<Proof, Box<Refutation>>, engine::Error> {
    match schema::prove(bench, comparison).await {
        Ok(proof) => Ok(Ok(proof)),
        Err(Unproved::Refuted(it)) => Ok(Err(it)),
        Err(Unproved::Failed(error)) => Err(error),
    }
}

/// A plan that does not prove: a fault of limbeck, with a file to report it by.
pub(super) fn refuted(ctx: &Context, project: &Project, refutation: &Refutation) -> CliError {
    let error = CliError::new(
        Code::Unproved,
        format!("no plan was found that is right: {refutation}"),
    )
    .with_state("nothing was changed; this was tried in scratch databases")
    .with_hint(
        "this is a fault of limbeck, please report it; `--no-proof` shows the plan as it is",
    );
    let own = project.config.root.join(".limbeck");
    let folder = if own.is_dir() { own } else { std::env::temp_dir() };
    let file = tempfile::Builder::new()
        .prefix("limbeck-fault-")
        .suffix(".txt")
        .tempfile_in(folder)
        .and_then(|mut file| file.write_all(refutation.report().as_bytes()).map(|()| file))
        .and_then(|file| file.keep().map_err(|e| e.error));
    match file {
        Ok((_, path)) => error.with_fact("report", path.display().to_string()),
        Err(problem) => {
            ctx.out.warn(&format!("the report could not be written: {problem}"));
            error
        }
    }
}

/// Puts a workbench together and works on it, with progress, until Ctrl-C.
pub(super) async fn with_bench<T>(
    ctx: &Context,
    project: &Project,
    work: impl AsyncFnOnce(&Bench) -> Result<T, engine::Error>,
) -> Result<T, CliError> {
    schema::Manage::check(project)?;
    let history = Arc::new(project.history());
    let guest = Guest::of(project).await?;
    let place = guest.as_ref().map_or(project, Guest::project);
    let home = place.connect(Start::FirstUse, &|line| ctx.stage(line)).await?;
    let progress = Progress::start(ctx.out, Arc::clone(&history));
    let control = Control::new(progress.observer());
    let mut bench = Bench::new(project.clone(), history, home, control);
    bench.create_roles = project.config.connection.is_none()
        && server::Provider::choose(&project.config)
            .await
            .is_ok_and(|provider| provider.kind() == server::Kind::Local);
    bench.pg_dump = pg_dumps(ctx, project);
    bench.own = project.own_server().await;
    let control = bench.control.clone();
    let outcome = {
        let work = bench.until_cancelled(work(&bench));
        signals::guarded_as(&control, &progress, &signals::SCRATCH, Box::pin(work)).await
    };
    drop(control);
    drop(bench);
    progress.finish();
    if let Some(guest) = guest {
        guest.leave().await;
    }
    outcome
}

/// Where a `pg_dump` may be: beside the server's programs, on the search path, where distributions
/// put each version.
pub(super) fn pg_dumps(ctx: &Context, project: &Project) -> Vec<PathBuf> {
    let set = project.config.server.bin_dir.clone();
    let path = ctx.var("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    let folders = set.into_iter().chain(std::env::split_paths(path)).chain(versions);
    folders.map(|folder| folder.join("pg_dump")).filter(|program| program.is_file()).collect()
}

/// A URL as the settings would understand it, password file and all; `option` is where it was given.
pub(super) fn locate(
    ctx: &Context,
    option: &'static str,
    url: &str,
) -> Result<Connection, engine::Error> {
    let (database_url, url_option) = (Some(url.to_owned()), Some(option));
    let global = Global { database_url, url_option, ..ctx.global.clone() };
    let wrong = |message: String| engine::Error::new(Code::Settings, message);
    let quietly = |ctx: &Context| ctx.project_quietly().map_err(|e| wrong(e.message().to_owned()));
    let (project, around) = (quietly(&ctx.with(global))?, quietly(ctx)?);
    // What the project itself is warned of was told when it was opened.
    for warning in project.config.warnings.iter().filter(|w| !around.config.warnings.contains(w)) {
        ctx.out.warn(&display_safe(warning));
    }
    let connection = project.config.connection.clone();
    connection.ok_or_else(|| wrong(format!("`{url}` names no database")))
}

/// Says what is worth knowing about the files of the sides, once where they are the same.
pub(super) fn warn(ctx: &Context, sides: &[&Side]) {
    let mut told = BTreeSet::new();
    for side in sides {
        let unmanaged = side.snapshot.unmanaged.iter();
        let unmanaged =
            unmanaged.map(|it| format!("{it} in {} is not managed by limbeck", side.label));
        for text in side.warnings.iter().map(ToString::to_string).chain(unmanaged) {
            if told.insert(text.clone()) {
                ctx.out.warn(&display_safe(&text));
            }
        }
    }
}

fn document(comparison: &Comparison) -> serde_json::Value {
    let steps = |plan: &Plan| json!({ "statements": plan.statements, "notes": plan.notes });
    json!({
        "from": comparison.old.label,
        "to": comparison.new.label,
        "equal": comparison.is_equal(),
        "changes": comparison.changes(),
        "up": steps(&comparison.up),
        "down": steps(&comparison.down),
    })
}

fn list(ctx: &Context, comparison: &Comparison) -> Result<(), CliError> {
    let changes = plan::changed(&comparison.old.snapshot, &comparison.new.snapshot);
    ctx.out.data(&sides::render(&changes, Output::columns()))?;
    for note in &comparison.up.notes {
        ctx.out.say(&display_safe(note));
    }
    let (from, to) = (&comparison.old.label, &comparison.new.label);
    if changes.is_empty() {
        ctx.out.say(&format!("no difference from {from} to {to}"));
    } else {
        let count = listing::count(changes.len(), "object differs", "objects differ");
        ctx.out.say(&format!("{count}, from {from} to {to}"));
        ctx.out.hint("`--sql` prints the script that leads there");
    }
    Ok(())
}
