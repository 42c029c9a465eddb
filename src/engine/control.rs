//! How a run is watched and stopped from outside.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Event;

/// Watches and stops a run; cheap to clone.
#[derive(Clone)]
pub struct Control {
    /// Cancelled: a `CancelRequest` is sent, the revision rolled back, the run ends with CANCELLED.
    pub cancel: CancellationToken,
    /// Cancelled: the run ends after the current revision.
    pub pause: CancellationToken,
    observer: Arc<dyn Fn(Event) + Send + Sync>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    /// A control whose events go to `observer`, which must not block.
    pub fn new(observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            cancel: CancellationToken::new(),
            pause: CancellationToken::new(),
            observer: Arc::new(observer),
        }
    }

    /// Nobody watches.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// The same switches with another observer.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Says what is being done now.
    pub fn tell(&self, stage: impl Into<String>) {
        self.emit(Event::Stage(stage.into()));
    }

    pub(crate) fn emit(&self, event: Event) {
        (self.observer)(event);
    }
}
