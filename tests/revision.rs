//! The revision layer: graph semantics against recorded cases and against its own specification,
//! files, histories on disk.

#[path = "revision/case.rs"]
mod case;
#[path = "revision/corpus.rs"]
mod corpus;
#[path = "revision/deviations.rs"]
mod deviations;
#[path = "revision/files.rs"]
mod files;
#[path = "revision/own_cases.rs"]
mod own_cases;
#[path = "revision/properties.rs"]
mod properties;
#[path = "revision/reference.rs"]
mod reference;
