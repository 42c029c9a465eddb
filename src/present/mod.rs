//! Text for people, shared by the command line and the interface: the graph's lanes, row-paired
//! diffs, SQL spans for colouring, and the filter that makes foreign text harmless. Pure: no
//! colours, no terminal.

pub mod age;
pub mod diff;
pub mod lanes;
pub mod safe;
pub mod sql;
