//! `limbeck db`: the project's database server.

use std::{os::unix::process::CommandExt, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    cli::{
        confirm,
        context::Context,
        error::{CliError, INTERRUPTED},
        output::{
            Output, json as shapes, listing, style,
            table::{Cell, columns},
        },
    },
    code::Code,
    config::Guard,
    engine::{Project, Start},
    present::safe::display_safe,
    server::{Kind, Provider, PsqlCommand, State, Status},
};

/// Arguments of `db`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to do with the server.
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What can be done with a server.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Action {
    /// Start it, creating it first if need be
    Start,
    /// Stop it; its data stays
    Stop,
    /// Stop it and start it again
    Restart,
    /// Tell whether it runs, where its data, its log and its socket are
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the end of its log
    Logs {
        /// Go on printing what is added
        #[arg(short, long)]
        follow: bool,
        /// How many lines
        #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
        lines: usize,
    },
    /// Open psql on the project's database
    Psql {
        /// Arguments for psql
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<std::ffi::OsString>,
    },
    /// Delete the server with all its data and start an empty one
    Reset,
}

impl Args {
    /// Whether JSON was asked for.
    pub(super) fn wants_json(&self) -> bool {
        matches!(self.action, Action::Status { json: true })
    }
}

pub(crate) fn run(ctx: &Context, args: Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    match args.action {
        Action::Psql { args } => psql(ctx, &project, &args),
        action => Context::block_on(async {
            let provider = Provider::choose(&project.config).await?;
            match action {
                Action::Start => start(ctx, &provider).await,
                Action::Stop => stop(ctx, &provider).await,
                Action::Restart => {
                    provider.stop(&|line| ctx.stage(line)).await?;
                    start(ctx, &provider).await
                }
                Action::Status { json } => status(ctx, &provider, json).await,
                Action::Logs { follow, lines } => logs(ctx, &provider, lines, follow).await,
                Action::Reset => reset(ctx, &project, &provider).await,
                Action::Psql { .. } => Ok(0),
            }
        }),
    }
}

async fn start(ctx: &Context, provider: &Provider) -> Result<u8, CliError> {
    let running = matches!(provider.status().await.state, State::Running { .. });
    if let Some(package) = provider.needs_download().await {
        let question = format!("no PostgreSQL server is installed here; download {package}?");
        if confirm::yes(ctx, &question) {
            provider.download(&|line| ctx.stage(line)).await?;
        }
    }
    // Without the programs this fails, and says where they are looked for.
    let connection = provider.start(&|line| ctx.stage(line)).await?;
    let word = if running { "already running" } else { "running" };
    let target = display_safe(&connection.to_string()).into_owned();
    ctx.out.say(&format!("{}: {target}", style::good(word)));
    Ok(0)
}

async fn stop(ctx: &Context, provider: &Provider) -> Result<u8, CliError> {
    let before = provider.status().await;
    if matches!(before.state, State::Stopped | State::Absent) {
        ctx.out.say("not running");
        return Ok(0);
    }
    provider.stop(&|line| ctx.stage(line)).await?;
    ctx.out.say(&style::good("stopped"));
    Ok(0)
}

async fn status(ctx: &Context, provider: &Provider, as_json: bool) -> Result<u8, CliError> {
    let status = provider.status().await;
    if as_json {
        Output::json(&json!({ "server": json_status(&status) }))?;
    } else {
        ctx.out.data(&columns(&facts(&status), ""))?;
    }
    Ok(0)
}

/// The server's state in words, with the style that fits.
pub(super) fn state_cell(state: &State) -> Cell {
    match state {
        State::Running { since, .. } => {
            let since = since.map(|t| format!(" since {}", listing::full_time(t)));
            Cell::styled("running", style::good)
                .join("", &Cell::styled(&since.unwrap_or_default(), style::dim))
        }
        State::Changing(what) => Cell::styled(&display_safe(what), style::warning),
        State::Stopped => Cell::styled("stopped", style::warning),
        State::Absent => Cell::styled("not created yet", style::warning),
        State::Unknown(why) => {
            Cell::styled(&format!("unknown: {}", display_safe(why)), style::error)
        }
    }
}

/// The state, where the summary does not say it already.
pub(super) fn state_beside(status: &Status) -> Cell {
    let said = match &status.state {
        State::Running { .. } => "running",
        State::Changing(what) => what,
        State::Stopped => "stopped",
        State::Absent => "not created",
        State::Unknown(why) => why,
    };
    if status.summary.contains(said) { Cell::default() } else { state_cell(&status.state) }
}

fn facts(status: &Status) -> Vec<Vec<Cell>> {
    let mut rows = vec![
        vec![Cell::styled("server", style::dim), Cell::plain(display_safe(&status.summary))],
        vec![Cell::styled("state", style::dim), state_cell(&status.state)],
    ];
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            rows.push(vec![Cell::styled(name, style::dim), Cell::plain(display_safe(&value))]);
        }
    };
    fact("port", status.port.map(|p| p.to_string()));
    fact("socket", status.socket.as_ref().map(|p| p.display().to_string()));
    fact("data", status.data.clone());
    fact("log", status.log.clone());
    fact("binaries", status.binaries.clone());
    rows
}

/// The server as JSON.
pub(super) fn json_status(status: &Status) -> Value {
    let kind = match status.kind {
        Kind::Local => "local",
        Kind::Compose => "compose",
        Kind::External => "external",
    };
    let (state, id, since, note) = match &status.state {
        State::Running { id, since } => ("running", Some(id), *since, None),
        State::Changing(what) => ("changing", None, None, Some(what)),
        State::Stopped => ("stopped", None, None, None),
        State::Absent => ("absent", None, None, None),
        State::Unknown(why) => ("unknown", None, None, Some(why)),
    };
    json!({
        "kind": kind,
        "state": state,
        "note": note,
        "id": id,
        "since": shapes::time(since),
        "summary": status.summary,
        "port": status.port,
        "socket": status.socket,
        "data": status.data,
        "log": status.log,
        "binaries": status.binaries,
    })
}

/// How often the log is looked at again.
const LOG_PAUSE: Duration = Duration::from_millis(200);

async fn logs(
    ctx: &Context,
    provider: &Provider,
    lines: usize,
    follow: bool,
) -> Result<u8, CliError> {
    let print = |lines: &[String]| {
        let text: String =
            lines.iter().map(|line| display_safe(line).into_owned() + "\n").collect();
        ctx.out.data(&text)
    };
    let mut position = provider.log_position().await;
    print(&provider.logs(lines).await?)?;
    if !follow {
        return Ok(0);
    }
    loop {
        tokio::select! {
            signal = tokio::signal::ctrl_c() => {
                return Ok(if signal.is_ok() { INTERRUPTED } else { 0 });
            }
            () = tokio::time::sleep(LOG_PAUSE) => {}
        }
        print(&provider.log_since(&mut position).await?)?;
    }
}

fn psql(ctx: &Context, project: &Project, args: &[std::ffi::OsString]) -> Result<u8, CliError> {
    let (connection, bin_dir) = Context::block_on(async {
        let connector = project.connect(Start::Never, &|line| ctx.stage(line)).await?;
        let provider = Provider::choose(&project.config).await?;
        let binaries = match provider.kind() {
            Kind::Local => provider.status().await.binaries.map(std::path::PathBuf::from),
            Kind::Compose | Kind::External => None,
        };
        let bin_dir = project.config.server.bin_dir.clone().or(binaries);
        Ok((connector.connection().clone(), bin_dir))
    })?;
    let psql = PsqlCommand::new(&connection, bin_dir.as_deref());
    let error = Command::new(&psql.program).args(&psql.args).envs(psql.envs).args(args).exec();
    let name = psql.program.to_string_lossy();
    Err(CliError::new(
        Code::Server,
        format!("cannot run `{name}`: {}", super::super::error::reason(&error)),
    )
    .with_hint("install PostgreSQL's client, or name its folder as `server.local.bin_dir`"))
}

async fn reset(ctx: &Context, project: &Project, provider: &Provider) -> Result<u8, CliError> {
    if project.config.guard == Guard::Prod {
        return Err(CliError::new(
            Code::ProtectedTarget,
            "`db reset` is refused: this project's guard is `prod`",
        )
        .with_state("nothing was changed")
        .with_hint("set another `guard` in limbeck.toml if that is wrong"));
    }
    if provider.kind() == Kind::External {
        return Err(CliError::new(
            Code::NotManaged,
            "`db reset` is refused: limbeck does not run this server",
        )
        .with_state("nothing was changed")
        .with_hint("`limbeck downgrade base` undoes all revisions"));
    }
    let status = provider.status().await;
    let name = &project.config.name;
    let mut costs = vec![display_safe(&status.summary).into_owned()];
    costs.extend(status.data.as_ref().map(|data| format!("all data in {data} is deleted")));
    confirm::typed(ctx, &format!("delete the database server of {name}"), &costs, name)?;
    provider.destroy(&|line| ctx.stage(line)).await?;
    let code = start(ctx, provider).await?;
    ctx.out.hint("`limbeck upgrade head` fills it again");
    Ok(code)
}
