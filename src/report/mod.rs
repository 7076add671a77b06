//! What commands print, one format a file.

pub(crate) mod change_json;
pub(crate) mod export;
pub(crate) mod findings;
pub(crate) mod history;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markup;
pub(crate) mod mermaid;
pub(crate) mod paint;
pub(crate) mod probe;
pub(crate) mod tally;
pub(crate) mod timeline;
pub(crate) mod verify;

pub(crate) use export::CannotExport;
