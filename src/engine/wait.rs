//! Waiting for others to migrate: for replicas and programs that start beside the one that does.

use std::time::{Duration, Instant};

use super::{
    Control, Engine, Error,
    lock::jittered,
    run::cancelled,
    state,
    tables::{self, Names},
    verify,
};
use crate::{
    code::{Class, Code},
    revision::{RevisionId, target},
};

/// What the version table says about a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The revisions that were asked for.
    pub wanted: Vec<RevisionId>,
    /// Those of them that are not applied yet.
    pub missing: Vec<RevisionId>,
    /// Version rows, sorted.
    pub rows: Vec<RevisionId>,
}

impl Standing {
    /// Everything that was asked for is applied.
    pub fn reached(&self) -> bool {
        self.missing.is_empty()
    }
}

/// Looks once: reads a table, takes no lock of ours, works on a standby.
pub(super) async fn look(engine: &Engine, spec: &str) -> Result<Standing, Error> {
    engine.history.check()?;
    let graph = engine.history.graph();
    // Before anything is asked of a server: a name that no file has will never be there.
    let wanted = target::resolve(graph, &[], spec)?;
    let client = engine.link.reader().await?;
    let names = Names::new(&engine.options);
    let facts = tables::facts(&client, &names).await?;
    if facts.managed && !facts.readable {
        return Err(Error::new(
            Code::Privilege,
            format!("this role may not read the version table `{}`", names.version),
        )
        .with_hint(format!(
            "grant it: `GRANT USAGE ON SCHEMA {} TO` and `GRANT SELECT ON {} TO` this role",
            crate::pg::ident::quote_ident(&names.version.schema),
            names.version
        )));
    }
    tables::check_format(&client, &names, &facts).await?;
    let state = state::read(&client, &names, &facts).await?;
    let (nodes, unknown) = verify::placed(graph, &state.rows);
    let applied = graph.ancestors(&nodes);
    let missing = wanted.iter().filter(|node| {
        // A database that a later release has migrated is at rows that these files do not know; what
        // stands below them is in the audit table.
        let audited = state.audit.get(graph.id(**node)).is_some_and(state::Audited::applied);
        !applied[node.index()] && (unknown.is_empty() || !audited)
    });
    Ok(Standing {
        missing: missing.map(|node| graph.id(*node).clone()).collect(),
        wanted: wanted.iter().map(|node| graph.id(*node).clone()).collect(),
        rows: state.rows,
    })
}

/// Whether the reason may go away by itself: a server that is not there yet, a database, a table or a right
/// that somebody is still making.
fn passes(error: &Error) -> bool {
    match error.code {
        Code::Auth | Code::Tls => false,
        Code::Privilege => true,
        code => code.class() == Class::Connection,
    }
}

/// Looks again and again until the target is reached or `patience` is at its end; then the last answer
/// counts, also when it is that there is no server.
pub async fn until<F>(
    mut look: impl FnMut() -> F,
    patience: Duration,
    control: &Control,
) -> Result<Standing, Error>
where
    F: Future<Output = Result<Standing, Error>>,
{
    let began = Instant::now();
    let mut pause = Duration::from_millis(50);
    let mut last: Option<Result<Standing, Error>> = None;
    loop {
        let left = patience.saturating_sub(began.elapsed());
        // The first look may take its time, or a patience of nothing would never see anything.
        let time = if last.is_none() { left.max(Duration::from_secs(5)) } else { left };
        let answer = tokio::select! {
            answer = tokio::time::timeout(time, look()) => answer,
            () = control.cancel.cancelled() => return Err(given_up()),
        };
        match answer {
            Ok(Ok(standing)) if standing.reached() => return Ok(standing),
            Ok(Err(error)) if !passes(&error) => return Err(error),
            Ok(answer) => last = Some(answer),
            Err(_) if last.is_none() => {
                last = Some(Err(Error::new(Code::Connect, "the database does not answer")));
            }
            Err(_) => {}
        }
        if began.elapsed() >= patience {
            let waited = format!("after {} s of waiting", patience.as_secs());
            return match last {
                Some(Err(error)) => {
                    let message = format!("{} ({waited})", error.message);
                    Err(Error { message, ..error })
                }
                Some(Ok(standing)) => Ok(standing),
                None => Ok(Standing::default()),
            };
        }
        match &last {
            Some(Err(error)) => control.tell(format!("waiting: {}", error.message)),
            Some(Ok(standing)) => {
                control.tell(format!("waiting for {}", state::named(&standing.missing)));
            }
            None => {}
        }
        let left = patience.saturating_sub(began.elapsed());
        tokio::select! {
            () = tokio::time::sleep(jittered(pause).min(left)) => {}
            () = control.cancel.cancelled() => return Err(given_up()),
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn given_up() -> Error {
    cancelled("cancelled while waiting").with_state("nothing was changed")
}
