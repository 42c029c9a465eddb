//! Getting the runners' lock: polling, showing who has it, giving up in time.
//!
//! What the lock is stands in [`crate::db::lock`]. It only saves work; what keeps two runners apart
//! is the compare-and-swap of the version rows.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::{
    Control, Error, IfLocked, Options,
    event::{Blocker, Event},
    fault,
    run::cancelled,
    tables::Names,
};
use crate::{
    code::Code,
    db::lock::{self, LockKey},
    pg::statement::mask_secrets,
};

/// Polls until the lock is ours; false when the options say to leave it.
pub(super) async fn acquire(
    client: &Client,
    names: &Names,
    options: &Options,
    control: &Control,
) -> Result<bool, Error> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(50);
    let mut shown: Option<Instant> = None;
    loop {
        if lock::try_lock(client, LockKey::new(&names.version))
            .await
            .map_err(|e| fault::connection(&e))?
        {
            return Ok(true);
        }
        match options.if_locked {
            IfLocked::Skip => return Ok(false),
            IfLocked::Fail => return Err(held(holder(client, names).await, None)),
            IfLocked::Wait if began.elapsed() >= options.runner_wait => {
                return Err(held(holder(client, names).await, Some(began.elapsed())));
            }
            IfLocked::Wait => {}
        }
        if shown.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
            shown = Some(Instant::now());
            let holder = holder(client, names).await;
            control.emit(Event::WaitingForRunner { holder, waited: began.elapsed() });
        }
        let left = options.runner_wait.saturating_sub(began.elapsed());
        tokio::select! {
            () = tokio::time::sleep(jittered(pause).min(left)) => {}
            () = control.cancel.cancelled() => {
                return Err(cancelled("cancelled while waiting for another runner")
                    .with_state("nothing was changed"));
            }
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Gives it back before the connection closes, so that the next runner need not wait for that; false
/// when this session does not have it.
pub(super) async fn release(client: &Client, names: &Names) -> bool {
    lock::unlock(client, LockKey::new(&names.version)).await.unwrap_or(false)
}

/// Gives back every other advisory lock of this session; tells whether it still has ours.
pub(super) async fn leave_only_ours(client: &Client, names: &Names) -> Result<bool, Error> {
    lock::release_others(client, LockKey::new(&names.version))
        .await
        .map_err(|e| fault::connection(&e))
}

/// Who has it, where this role may know.
async fn holder(client: &Client, names: &Names) -> Option<Blocker> {
    let holder = lock::holder(client, LockKey::new(&names.version)).await.ok()??;
    Some(Blocker { query: mask_secrets(&holder.query).into_owned(), ..holder })
}

fn held(holder: Option<Blocker>, waited: Option<Duration>) -> Error {
    let who = holder.map_or_else(String::new, |b| {
        format!(" (pid {}, {}, {}@{})", b.pid, b.app, b.user, b.client)
    });
    let waited =
        waited.map_or_else(String::new, |w| format!(" after {} s of waiting", w.as_secs()));
    Error::new(Code::LockHeld, format!("another runner{who} holds the lock{waited}"))
        .with_state("nothing was changed")
        .with_hint("run it again when that one has ended, or wait longer with `--wait 10min`")
}

/// Up to a quarter more or less, so that runners started together do not stay together.
pub(super) fn jittered(pause: Duration) -> Duration {
    let mut byte = [128_u8];
    let _ = getrandom::fill(&mut byte);
    pause.mul_f64(0.75 + f64::from(byte[0]) / 512.0)
}

/// Ends our own former backend when it still has the lock: its client is gone for good.
pub(super) async fn evict(client: &Client, names: &Names, pid: i32) {
    if holder(client, names).await.is_some_and(|holder| holder.pid == pid) {
        drop(client.simple_query(&format!("SELECT pg_catalog.pg_terminate_backend({pid})")).await);
    }
}
