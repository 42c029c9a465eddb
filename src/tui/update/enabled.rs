//! Whether an action can be used now, or why not: a few words that go after the action's name.

use crate::{
    config::Guard,
    server::{Kind, State},
    tui::{
        action::{Action, Danger, Reason},
        app::{App, Row, Section},
        layer::Subject,
        pending::TreeRow,
        progress::Stage,
        update::clock::CANCEL_PATIENCE,
    },
    worker::pending::Risk,
};

/// The answer for one action.
pub fn enabled(app: &App, action: Action) -> Result<(), Reason> {
    // A job that runs can always be stopped, and a server that is down be started.
    let harmless = matches!(
        action,
        Action::CancelJob | Action::TerminateJob | Action::StartServer | Action::AllowChanges
    ) || action == Action::ServerToggle && !app.snapshot.server_up()
        || action == Action::ApplyNow && app.config.guard != Guard::Dev;
    if !app.writing && !harmless && action.entry().danger >= Danger::Change {
        let key = app.keymap.label(Action::AllowChanges);
        return Err(format!("this is read-only; {key} allows changes").into());
    }
    match action {
        Action::AllowChanges => match app.running() {
            Some(job) => Err(format!("job {} is running", job.id.0).into()),
            None => Ok(()),
        },
        Action::UpgradeHere
        | Action::UpgradeHeads
        | Action::StepUp
        | Action::StepDown
        | Action::DowngradeHere
        | Action::DowngradeBase
        | Action::Stamp => {
            can_run(app)?;
            run(app, action)
        }
        Action::Open | Action::FlipScript | Action::Edit => {
            node(app)?;
            if action == Action::Edit && !app.editor {
                return Err("set $EDITOR first".into());
            }
            Ok(())
        }
        Action::DiffEdit => match app.diff().map(|diff| diff.subject) {
            Some(Subject::Changes) => Err("there is no file yet".into()),
            _ if !app.editor => Err("set $EDITOR first".into()),
            _ => Ok(()),
        },
        Action::FlipView => match app.diff() {
            Some(diff) => match (diff.subject, &diff.missing) {
                (Subject::Changes, _) => Err("changes have no scripts yet".into()),
                (Subject::Scripts(_), Some(missing)) => Err(missing.reason().to_owned().into()),
                _ => Ok(()),
            },
            None => Ok(()),
        },
        Action::DiffFacts => match app.diff().and_then(|diff| diff.subject.node()) {
            Some(_) => Ok(()),
            None => Err("only revisions have facts".into()),
        },
        Action::StopBuilding => match app.diff().and_then(|diff| diff.building.as_ref()) {
            Some(progress) if !progress.stopping => Ok(()),
            Some(_) => Err("it is being stopped".into()),
            None => Err("nothing is being built".into()),
        },
        Action::Toggle
        | Action::ToggleAll
        | Action::OpenObjects
        | Action::FlipPlan
        | Action::CopyPlan
        | Action::FoldGroup
        | Action::NextGroup
        | Action::PreviousGroup
        | Action::SameObject
        | Action::OtherObject
        | Action::CreateRevision
        | Action::ApplyNow
        | Action::CompareAgain
        | Action::StopWork
        | Action::FlipForm
        | Action::Accept
        | Action::EditSql
        | Action::DropEdit
        | Action::PendingEdit => pending(app, action),
        Action::Copy | Action::DatabaseCopy | Action::CopyError | Action::DiffCopy => {
            match super::copy::items(app).is_empty() {
                false => Ok(()),
                true => Err("there is nothing to copy here".into()),
            }
        }
        Action::Range => match app.selected_row() {
            Some(_) => Ok(()),
            None => Err("nothing is selected".into()),
        },
        Action::Undo => {
            can_run(app)?;
            super::undo::possible(app)
        }
        Action::WouldRun => {
            node(app)?;
            known(app)
        }
        Action::Create => {
            files(app)?;
            let history = app.snapshot.history.as_ref().ok_or("the files are being read")?;
            let heads = history.graph().heads();
            if heads.len() > 1 && !app.selected_node().is_some_and(|node| heads.contains(&node)) {
                return Err(format!("there are {} heads; select one of them", heads.len()).into());
            }
            Ok(())
        }
        Action::Merge => {
            files(app)?;
            let history = app.snapshot.history.as_ref().ok_or("the files are being read")?;
            match history.graph().heads().len() {
                0 => Err("there is no revision yet".into()),
                1 => Err("there is only one head".into()),
                _ => Ok(()),
            }
        }
        Action::GoCurrent => {
            known(app)?;
            if app.snapshot.rows().is_empty() {
                return Err("nothing is applied".into());
            }
            Ok(())
        }
        Action::Parent => {
            let (history, node) = node(app)?;
            if history.graph().parents(node).is_empty() {
                return Err("it is a base".into());
            }
            Ok(())
        }
        Action::OtherParent => {
            let (history, node) = node(app)?;
            let graph = history.graph();
            if graph.parents(node).len() + graph.dependencies(node).len() < 2 {
                return Err("it has no other parent".into());
            }
            Ok(())
        }
        Action::NextHit | Action::PreviousHit | Action::Filter => {
            if app.snapshot.history.is_none() {
                return Err("the files are being read".into());
            }
            Ok(())
        }
        Action::Problems => {
            if !super::trouble::all(app).is_empty() {
                return Ok(());
            }
            match &app.snapshot.overview_error {
                Some(_) => Err("the database cannot be asked what is wrong".into()),
                None => Err("nothing is wrong".into()),
            }
        }
        Action::StartServer => {
            server(app)?;
            if app.snapshot.server_up() {
                return Err("it is running".into());
            }
            Ok(())
        }
        Action::ServerToggle | Action::ServerRestart => {
            server(app)?;
            if let Some(job) = app.running() {
                return Err(format!("job {} is running", job.id.0).into());
            }
            if action == Action::ServerRestart && !app.snapshot.server_up() {
                return Err("it is not running".into());
            }
            Ok(())
        }
        Action::CancelQuery | Action::TerminateBackend => session(app, action),
        Action::Connect => {
            if app.config.profiles.is_empty() {
                return Err("limbeck.toml has no [profile.NAME]".into());
            }
            match app.running() {
                Some(job) => Err(format!("job {} is running", job.id.0).into()),
                None => Ok(()),
            }
        }
        Action::SortTables => match &app.snapshot.tables {
            Some(_) => Ok(()),
            None => Err("the tables have not been read".into()),
        },
        Action::CancelJob => match app.running() {
            None => Err("no job is running".into()),
            Some(job) if matches!(job.stage, Stage::Cancelling(_)) => {
                Err("the cancel is on its way".into())
            }
            Some(_) => Ok(()),
        },
        Action::TerminateJob => match app.running() {
            None => Err("no job is running".into()),
            Some(job) => match job.stage {
                Stage::Cancelling(since) if app.now.mono >= since + CANCEL_PATIENCE => {
                    if job.pid.is_some() { Ok(()) } else { Err("it has no session".into()) }
                }
                Stage::Cancelling(_) => Err("the cancel may still take effect".into()),
                _ => Err("cancel it first".into()),
            },
        },
        Action::PauseJob => match app.running() {
            None => Err("no job is running".into()),
            Some(job) if job.pausing => Err("it stops after this revision".into()),
            Some(_) => Ok(()),
        },
        Action::ResumeJob => {
            can_run(app)?;
            match app.runs.last().and_then(|job| job.outcome.as_ref()) {
                Some(Err(_)) => Ok(()),
                Some(Ok(report)) if report.paused => Ok(()),
                _ => Err("no job stopped early".into()),
            }
        }
        Action::Suspend => match app.running() {
            Some(job) => Err(format!("job {} is running", job.id.0).into()),
            None => Ok(()),
        },
        Action::Settle => {
            can_run(app)?;
            match super::graph::in_doubt(app) {
                Some(_) => Ok(()),
                None if half_done(app) => {
                    Err("no statement is in doubt: the next run goes on".into())
                }
                None => Err("no statement was interrupted".into()),
            }
        }
        Action::JobDetail => match super::screens::selected_error(app) {
            Some(_) => Ok(()),
            None => Err("the selected job did not fail".into()),
        },
        _ => {
            debug_assert!(
                matches!(action.entry().danger, Danger::None | Danger::File),
                "{action:?} needs a rule"
            );
            Ok(())
        }
    }
}

/// The actions of the screen of changes.
fn pending(app: &App, action: Action) -> Result<(), Reason> {
    let state = &app.pending;
    if state.writing.is_some() && action != Action::StopWork {
        return Err("a revision is being proved".into());
    }
    match action {
        Action::StopWork => {
            let progress = state.writing.as_ref().map(|writing| &writing.progress);
            return match progress.or(state.comparing.as_ref()) {
                Some(progress) if !progress.stopping => Ok(()),
                Some(_) => Err("it is being stopped".into()),
                None => Err("nothing is being compared".into()),
            };
        }
        Action::CompareAgain => {
            return match &state.comparing {
                Some(_) => Err("they are being compared".into()),
                None => Ok(()),
            };
        }
        Action::PendingEdit => {
            if !app.editor {
                return Err("set $EDITOR first".into());
            }
            return match app.config.models.first() {
                Some(_) => Ok(()),
                None => Err("`models` in limbeck.toml names nothing".into()),
            };
        }
        _ => {}
    }
    let changes = match (&state.changes, &state.error, &state.comparing) {
        (Some(changes), None, _) => changes,
        (_, Some(_), _) => return Err("the comparison failed".into()),
        (None, None, Some(_)) => return Err("they are being compared".into()),
        (None, None, None) => return Err("nothing was compared yet".into()),
    };
    if changes.missing.is_some() {
        return Err("there are no models".into());
    }
    let row = state.rows.get(state.selected);
    match action {
        Action::SameObject | Action::OtherObject => {
            return match row {
                Some(TreeRow::Question(_)) => Ok(()),
                Some(TreeRow::Renamed(_)) if action == Action::OtherObject => Ok(()),
                // From anywhere else it leads to the first question.
                _ if state.rows.iter().any(|row| matches!(row, TreeRow::Question(_))) => Ok(()),
                _ => Err("there is no question".into()),
            };
        }
        Action::NextGroup | Action::PreviousGroup | Action::FoldGroup => return Ok(()),
        _ => {}
    }
    if changes.is_equal() {
        return Err("nothing differs".into());
    }
    match action {
        Action::Toggle => match row {
            Some(TreeRow::Item(_) | TreeRow::Group(_)) => Ok(()),
            _ => Err("no change is selected".into()),
        },
        Action::FlipForm => {
            if state.edited().is_some() {
                return Err("the SQL was edited".into());
            }
            match state.item().and_then(|item| changes.items.get(item)) {
                Some(item) if item.direct.is_some() => Ok(()),
                Some(item) if state.terms.hazards(item).iter().any(|h| !h.recipe.is_empty()) => {
                    Err("its recipe takes several revisions: copy it from the pane".into())
                }
                Some(_) => Err("it has one form only".into()),
                None => Err("no change is selected".into()),
            }
        }
        Action::Accept => match state.item().and_then(|item| changes.items.get(item)) {
            Some(_) if state.edited().is_some() => {
                Err("the SQL was edited: accept it there".into())
            }
            Some(item) if state.terms.risk(item) > Risk::Safe => Ok(()),
            Some(_) => Err("it risks nothing".into()),
            None => Err("no change is selected".into()),
        },
        Action::EditSql => {
            if !app.editor {
                return Err("set $EDITOR first".into());
            }
            match &state.planned {
                Some(planned) if planned.failed.is_some() => Err("there is no plan".into()),
                Some(_) if state.plan_old => Err("the plan is being made".into()),
                Some(planned) if !planned.up.statements.is_empty() => Ok(()),
                Some(_) => Err("nothing is chosen".into()),
                None => Err("the plan is being made".into()),
            }
        }
        Action::DropEdit => match state.edited() {
            Some(_) => Ok(()),
            None => Err("the SQL was not edited".into()),
        },
        Action::FlipPlan | Action::CopyPlan => match &state.planned {
            Some(_) => Ok(()),
            None => Err("the plan is being made".into()),
        },
        Action::CreateRevision | Action::ApplyNow => {
            if state.chosen() == 0 && changes.renames.is_empty() {
                return Err("nothing is chosen".into());
            }
            if action == Action::ApplyNow && app.config.guard != Guard::Dev {
                return Err("only on a dev profile: create the revision, then upgrade".into());
            }
            if let Some(planned) = &state.planned
                && planned.failed.is_some()
            {
                return Err("there is no plan for this choice".into());
            }
            if state.planned.as_ref().is_some_and(|planned| planned.up.statements.is_empty())
                && !state.plan_old
            {
                return Err("nothing would run".into());
            }
            can_write(app)
        }
        _ => Ok(()),
    }
}

/// A revision made from what the database lacks can stand on the head.
fn can_write(app: &App) -> Result<(), Reason> {
    can_run(app)?;
    let Some(overview) = &app.snapshot.overview else { return Ok(()) };
    if overview.orphans.iter().any(|orphan| orphan.current) {
        return Err("the database knows revisions that no file has".into());
    }
    match overview.pending {
        0 => {}
        1 => return Err("1 revision is pending: upgrade first".into()),
        n => return Err(format!("{n} revisions are pending: upgrade first").into()),
    }
    let heads = app.snapshot.history.as_ref().map(|history| history.graph().heads());
    let heads = heads.unwrap_or_default();
    if heads.len() > 1 && !app.selected_node().is_some_and(|node| heads.contains(&node)) {
        let words = format!("there are {} heads; select one of them on the graph", heads.len());
        return Err(words.into());
    }
    Ok(())
}

/// Schemas can be built on the server.
pub fn can_build(app: &App) -> Result<(), Reason> {
    files(app)?;
    known(app)
}

type Selected<'a> = (&'a std::sync::Arc<crate::revision::History>, crate::revision::Node);

/// The selected revision, when a file has it.
fn node(app: &App) -> Result<Selected<'_>, Reason> {
    let history = app.snapshot.history.as_ref().ok_or("the files are being read")?;
    match app.selected_row() {
        Some(Row::Revision { node, .. }) => Ok((history, node)),
        Some(Row::Orphan(_)) => Err("it is in no file".into()),
        None => Err("there is no revision".into()),
    }
}

/// Where the database stands is known.
fn known(app: &App) -> Result<(), Reason> {
    if let (Some(overview), None) = (&app.snapshot.overview, &app.snapshot.overview_error) {
        if overview.unreadable {
            return Err("this role may not read the version table".into());
        }
        return Ok(());
    }
    if let Some((action, ..)) = &app.server_action {
        return Err(format!("the database server is {}", action.doing()).into());
    }
    match app.snapshot.server.as_ref().map(|status| (status.kind, &status.state)) {
        Some((Kind::Local | Kind::Compose, State::Stopped | State::Absent)) => {
            let key = app.keymap.label(Action::StartServer);
            Err(format!("the database is not running; {key} starts it").into())
        }
        _ if app.snapshot.overview_error.is_some() => Err("the database cannot be reached".into()),
        _ => Err("the database has not answered yet".into()),
    }
}

/// The files are fine.
fn files(app: &App) -> Result<(), Reason> {
    match &app.snapshot.history {
        None => Err("the files are being read".into()),
        Some(history) if !history.problems().is_empty() => {
            let key = app.keymap.label(Action::Problems);
            Err(format!("the revision files have problems; {key} lists them").into())
        }
        Some(_) => Ok(()),
    }
}

/// Something may be run at all.
fn can_run(app: &App) -> Result<(), Reason> {
    if let Some(job) = app.running() {
        return Err(format!("job {} is running", job.id.0).into());
    }
    known(app)?;
    files(app)
}

fn run(app: &App, action: Action) -> Result<(), Reason> {
    let pending = app.snapshot.overview.as_ref().map_or(0, |overview| overview.pending);
    let rows = app.snapshot.rows();
    match action {
        Action::UpgradeHeads | Action::StepUp if pending == 0 => Err("nothing is pending".into()),
        Action::StepDown | Action::DowngradeBase if rows.is_empty() => {
            Err("nothing is applied".into())
        }
        Action::StepDown if rows.len() > 1 && super::graph::row_below(app).is_none() => {
            Err("the database is at several revisions; select one of them".into())
        }
        Action::UpgradeHere => {
            let (_, node) = node(app)?;
            if app.snapshot.applied(node) {
                return Err("it is applied already".into());
            }
            Ok(())
        }
        Action::DowngradeHere => {
            let (history, node) = node(app)?;
            if !app.snapshot.applied(node) {
                return Err("it is not applied".into());
            }
            let graph = history.graph();
            let leads = graph.all_children(node).iter().any(|child| app.snapshot.applied(*child));
            if !leads && !rows.contains(graph.id(node)) {
                return Err("the database is there already".into());
            }
            Ok(())
        }
        Action::Stamp => node(app).map(|_| ()),
        _ => Ok(()),
    }
}

fn server(app: &App) -> Result<(), Reason> {
    if let Some((action, ..)) = &app.server_action {
        return Err(format!("it is {}", action.doing()).into());
    }
    match app.snapshot.server.as_ref() {
        None if app.snapshot.server_error.is_some() => Err("its state cannot be told".into()),
        None => Err("its state is not known yet".into()),
        Some(status) if status.kind == Kind::External => {
            Err("this server is not limbeck's to start or stop".into())
        }
        Some(_) => Ok(()),
    }
}

fn session(app: &App, action: Action) -> Result<(), Reason> {
    let Some(session) = super::screens::selected_session(app) else {
        return Err(match app.database.section {
            Section::Sessions | Section::Locks => "no session is selected".into(),
            _ => "select a session first".into(),
        });
    };
    if session.ours {
        return Err("it is limbeck's own".into());
    }
    if action == Action::CancelQuery && session.state != "active" {
        let key = app.keymap.label(Action::TerminateBackend);
        return Err(format!("it runs no query ({}); {key} ends it", session.state).into());
    }
    Ok(())
}

/// A revision stopped part-way.
fn half_done(app: &App) -> bool {
    let overview = app.snapshot.overview.as_ref();
    overview.is_some_and(|overview| app.memo.remarks(overview).partial.is_some())
}
