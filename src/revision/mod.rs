//! The history: revision files, their graph, and what an identifier means. No database.

mod disk;
pub mod file;
pub mod graph;
pub mod history;
pub mod id;
pub mod import;
pub mod moves;
mod names;
pub mod order;
pub mod rebase;
pub mod source;
pub mod target;
pub mod write;

pub use file::{Checksum, Direction, Revision, Script, Section};
pub use graph::{Graph, Node};
pub use history::{History, Problem};
pub use id::RevisionId;
pub use moves::{Move, Plan, RowOp};
pub use names::Names;
pub use source::Source;
