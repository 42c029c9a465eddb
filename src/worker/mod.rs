//! The engine on tasks, for the interface: closed [`Job`] and [`WorkerEvent`] enums, lanes,
//! cancellation, progress.
//!
//! The interface never waits. It submits a [`Job`] and gets [`WorkerEvent`]s back through one
//! channel; what a lane does with a job is in [`run`]. Only this module spawns tasks.

mod compute;
pub mod event;
pub mod filter;
pub mod git;
pub mod job;
pub mod pending;
mod reading;
pub mod review;
pub mod run;
pub mod same;
mod schema;
mod scripts;

pub use compute::compute;
pub use event::{Part, WorkerEvent};
pub use git::Origin;
pub use job::{Job, JobId, Refresh, Run, ServerAction, Work};
pub use review::Review;
pub use run::Worker;
pub use scripts::Scripts;
