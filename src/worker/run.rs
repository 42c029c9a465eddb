//! The lanes.

use tokio::sync::mpsc::UnboundedSender;

use super::{Job, WorkerEvent};
use crate::engine::Project;

/// Takes jobs, sends events.
#[derive(Debug)]
pub struct Worker {}

impl Worker {
    /// A worker for a project.
    pub fn new(project: Project, events: UnboundedSender<WorkerEvent>) -> Self {
        let _ = (project, events);
        Self {}
    }

    /// Takes a job.
    pub fn submit(&self, job: Job) {
        let _ = job;
    }
}
