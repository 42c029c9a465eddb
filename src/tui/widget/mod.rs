//! What views are made of: a pen that never leaves its column, panes, popups, SQL lines. No state of
//! their own.

pub mod list;
pub mod memo;
pub mod pane;
pub mod pen;
pub mod script;
pub mod sql;

pub use memo::{Facts, Memo};
pub use pen::Pen;
