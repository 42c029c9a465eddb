//! What is done when a question is answered.

use crate::{
    engine::verdict::Verdict,
    revision::write::NewRevision,
    tui::{
        app::{App, Tone},
        event::Effect,
        layer::Accept,
        update::{runs, screens, submit, toast},
    },
    worker::{Job, Run},
};

/// Enter on a question that is ready.
pub fn accept(app: &mut App, accept: Accept) -> Vec<Effect> {
    match accept {
        Accept::Run(run) => runs::begin(app, run),
        Accept::Settle(id) => runs::begin(app, Run::Settle { id, verdict: Verdict::Done }),
        Accept::Cancel(id) => runs::cancel(app, id),
        Accept::CancelAndQuit(id) => {
            app.quit_after_job = true;
            runs::cancel(app, id)
        }
        Accept::TerminateJob(id) => match app.runs.iter().find(|job| job.id == id) {
            Some(job) if job.is_running() => match job.pid {
                Some(pid) => submit(Job::Signal { pid, terminate: true }),
                None => Vec::new(),
            },
            _ => Vec::new(),
        },
        Accept::Server(action) => screens::server_action(app, action),
        Accept::Signal { pid, terminate } => submit(Job::Signal { pid, terminate }),
        Accept::Writing => {
            app.writing = true;
            toast(app, Tone::Warn, "changes are allowed now");
            Vec::new()
        }
        Accept::Merge => {
            let Some(history) = app.snapshot.history.clone() else { return Vec::new() };
            let graph = history.graph();
            let heads = graph.heads();
            let names: Vec<String> = heads.iter().map(|head| app.short_node(*head)).collect();
            submit(Job::Create(Box::new(NewRevision {
                message: format!("merge {}", names.join(" and ")),
                heads: heads.iter().map(|head| graph.id(*head).to_string()).collect(),
                created: Some(app.now.wall),
                ..Default::default()
            })))
        }
    }
}

/// The other answer of a question.
pub fn other(app: &mut App, accept: &Accept) -> Vec<Effect> {
    match accept {
        Accept::CancelAndQuit(_) => {
            app.quit_after_job = true;
            toast(app, Tone::Info, "leaving as soon as the job has ended");
            Vec::new()
        }
        Accept::Settle(id) => {
            runs::begin(app, Run::Settle { id: id.clone(), verdict: Verdict::Redo })
        }
        _ => Vec::new(),
    }
}
