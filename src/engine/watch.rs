//! Watching a statement run: notices as they come, who blocks it, and the wish to cancel.

use std::{
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{MissedTickBehavior, interval_at},
};
use tokio_postgres::Client;

use super::{
    Control,
    event::{Blocker, Event},
    link::{Cancel, Conn, duration, number, rows, string},
};
use crate::{db::Notice, pg::statement::mask_secrets};

/// What is at hand while a statement runs.
pub(super) struct Watch<'a> {
    pub(super) control: &'a Control,
    pub(super) notices: &'a mut Option<UnboundedReceiver<Notice>>,
    pub(super) pid: i32,
    pub(super) cancel: &'a Cancel,
    /// A second connection that looks at the first.
    pub(super) observer: Option<&'a Conn>,
    /// How often it looks.
    pub(super) every: Duration,
    /// Who blocked us last.
    pub(super) blockers: &'a mut Vec<Blocker>,
}

/// Runs `work` to its end. A cancel is sent to the server again each second until that has helped.
pub(super) async fn watched<T>(watch: Watch<'_>, work: impl Future<Output = T>) -> T {
    let Watch { control, notices, pid, cancel, observer, every, blockers } = watch;
    let mut work = pin!(work);
    let began = Instant::now();
    let mut look = interval_at(tokio::time::Instant::now() + every, every);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looking: Option<BoxFuture<'_, Vec<Blocker>>> = None;
    let mut cancelling: Option<BoxFuture<'_, ()>> = None;
    let mut blocked = false;
    let outcome = loop {
        tokio::select! {
            biased;
            () = control.cancel.cancelled(), if cancelling.is_none() => {
                cancelling = Some(async move {
                    loop {
                        let _ = tokio::time::timeout(Duration::from_secs(5), cancel.send()).await;
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }.boxed());
            }
            () = maybe(&mut cancelling) => {}
            outcome = &mut work => break outcome,
            notice = next(notices) => control.emit(Event::Notice(notice)),
            _ = look.tick(), if looking.is_none() => {
                if let Some(observer) = observer {
                    looking = Some(async move {
                        let pids = format!("SELECT pg_catalog.unnest(pg_catalog.pg_blocking_pids({pid}))");
                        sessions(&observer.client, &pids).await.unwrap_or_default()
                    }.boxed());
                }
            }
            found = maybe(&mut looking) => {
                looking = None;
                if found.is_empty() {
                    if blocked {
                        control.emit(Event::Unblocked);
                    }
                    blocked = false;
                } else {
                    blocked = true;
                    blockers.clone_from(&found);
                    control.emit(Event::Blocked { by: found, waited: began.elapsed() });
                }
            }
        }
    };
    while let Some(notice) = notices.as_mut().and_then(|n| n.try_recv().ok()) {
        control.emit(Event::Notice(notice));
    }
    if blocked {
        control.emit(Event::Unblocked);
    }
    outcome
}

async fn next(notices: &mut Option<UnboundedReceiver<Notice>>) -> Notice {
    if let Some(receiver) = notices {
        match receiver.recv().await {
            Some(notice) => return notice,
            None => *notices = None,
        }
    }
    std::future::pending().await
}

async fn maybe<T>(future: &mut Option<BoxFuture<'_, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// The sessions with these pids (an SQL query of one column).
pub(super) async fn sessions(
    client: &Client,
    pids: &str,
) -> Result<Vec<Blocker>, tokio_postgres::Error> {
    let sql = format!(
        "SELECT a.pid, a.application_name, a.usename, \
           COALESCE(pg_catalog.host(a.client_addr), 'local'), COALESCE(a.state, a.backend_type), \
           pg_catalog.left(a.query, 500), \
           (pg_catalog.date_part('epoch', \
             pg_catalog.clock_timestamp() - COALESCE(a.state_change, a.backend_start)) * 1000000)::bigint \
         FROM pg_catalog.pg_stat_activity a WHERE a.pid IN ({pids}) ORDER BY a.pid"
    );
    let found = rows(client, &sql).await?;
    Ok(found
        .iter()
        .map(|row| Blocker {
            pid: number(Some(row), 0).unwrap_or(0),
            app: string(row, 1),
            user: string(row, 2),
            client: string(row, 3),
            state: string(row, 4),
            query: mask_secrets(&string(row, 5)).into_owned(),
            age: duration(row, 6).unwrap_or_default(),
        })
        .collect())
}
