//! A line in a local file before each revision: what was under way when the machine went down.

use std::path::Path;

use tokio::{fs::OpenOptions, io::AsyncWriteExt};

use super::{Error, prepare::Job};
use crate::{code::Code, revision::Direction};

/// Appends the line and has it reach the disk.
pub(super) async fn write(path: &Path, run: &str, job: &Job<'_>) -> Result<(), Error> {
    let line = serde_json::json!({
        "at": jiff::Timestamp::now().to_string(),
        "run": run,
        "revision": job.revision.id.as_str(),
        "direction": match job.direction { Direction::Up => "up", Direction::Down => "down" },
    });
    let written = async {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(path).await?;
        file.write_all(format!("{line}\n").as_bytes()).await?;
        file.sync_data().await
    };
    written.await.map_err(|error| {
        Error::new(Code::File, format!("the journal {} cannot be written: {error}", path.display()))
            .with_state("nothing of this revision was run")
            .with_hint("make its folder writable")
    })
}
