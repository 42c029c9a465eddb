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
                Wish::Suspend => progress.note(
                    "not suspended: a stopped run would keep its locks; Ctrl-C rolls it back",
                ),
                Wish::Stop if stopping => {
                    return Err(CliError::new(Code::Cancelled, "left without waiting for the rollback")
                        .with_state(
                            "not known yet: the server rolls back whatever was not committed as \
                             soon as it notices",
                        )
                        .with_hint("look with `limbeck status`")
                        .interrupted());
                }
                Wish::Stop => {
                    stopping = true;
                    progress.note("stopping: the revision is being rolled back; Ctrl-C again leaves at once");
                    control.cancel.cancel();
                }
            }
        }
    }
}
