//! Interrupting a run: once rolls back, twice leaves at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{error::CliError, progress::Progress};
use crate::{
    code::Code,
    engine::{self, Control},
};

/// The signals that mean "stop", and the one that must not stop us halfway.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    suspend: Signal,
}

/// What a signal asks for.
enum Wish {
    Stop,
    Suspend,
}

impl Signals {
    fn install() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(nix::sys::signal::Signal::SIGTSTP as i32))?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.hangup.recv() => Wish::Stop,
            _ = self.suspend.recv() => Wish::Suspend,
        }
    }
}

/// Drives `work` while listening: the first signal cancels through `control` and waits for the
/// rollback, the second gives up waiting. Suspending is refused, for it would leave locks held.
pub(crate) async fn guarded<T>(
    control: &Control,
    progress: &Progress,
    work: impl Future<Output = Result<T, engine::Error>>,
) -> Result<T, CliError> {
    guarded_as(control, progress, &ROLLBACK, work).await
}

/// What is said while a run is being stopped.
pub(crate) struct Words {
    suspended: &'static str,
    stopping: &'static str,
    left: &'static str,
    state: &'static str,
    hint: &'static str,
}

/// For runs of revisions.
const ROLLBACK: Words = Words {
    suspended: "not suspended: a stopped run would keep its locks; Ctrl-C rolls it back",
    stopping: "stopping: the revision is being rolled back; Ctrl-C again leaves at once",
    left: "left without waiting for the rollback",
    state: "not known yet: the server rolls back whatever was not committed as soon as it notices",
    hint: "look with `limbeck status`",
};

/// For work in scratch databases.
pub(crate) const SCRATCH: Words = Words {
    suspended: "not suspended: scratch databases would stay behind; Ctrl-C drops them",
    stopping: "stopping: the scratch databases are being dropped; Ctrl-C again leaves at once",
    left: "left without waiting for the scratch databases to be dropped",
    state: "your database was not changed",
    hint: "the next run on this machine drops what was left behind",
};

/// For waiting, which changes nothing.
pub(crate) const WAIT: Words = Words {
    suspended: "not suspended: Ctrl-C stops waiting",
    stopping: "stopping",
    left: "left",
    state: "nothing was changed",
    hint: "`limbeck current` shows where the database is",
};

/// [`guarded`], with other words.
pub(crate) async fn guarded_as<T>(
    control: &Control,
    progress: &Progress,
    words: &Words,
    work: impl Future<Output = Result<T, engine::Error>>,
) -> Result<T, CliError> {
    let mut signals = Signals::install().map_err(|error| {
        CliError::new(Code::File, format!("signals cannot be received: {error}"))
            .with_state("nothing was changed")
    })?;
    let mut work = std::pin::pin!(work);
    let mut stopping = false;
    loop {
        tokio::select! {
            outcome = &mut work => {
                return outcome.map_err(|error| {
                    let ours = stopping && error.code == Code::Cancelled;
                    let error = CliError::from(error);
                    if ours { error.interrupted() } else { error }
                });
            }
            wish = signals.next() => match wish {
                Wish::Suspend => progress.note(words.suspended),
                Wish::Stop if stopping => {
                    return Err(CliError::new(Code::Cancelled, words.left)
                        .with_state(words.state)
                        .with_hint(words.hint)
                        .interrupted());
                }
                Wish::Stop => {
                    stopping = true;
                    progress.note(words.stopping);
                    control.cancel.cancel();
                }
            }
        }
    }
}
