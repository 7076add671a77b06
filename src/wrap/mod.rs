//! What a file is, and what is around a config: base64, Kubernetes objects, Compose files, chart values, env files.

mod base64;
pub(crate) mod compose;
mod encrypted;
pub(crate) mod env_file;
pub(crate) mod envelope;
mod holder;
mod holders;
mod kubernetes;
pub(crate) mod manifest;
pub(crate) mod marks;
mod parts;
mod text_lines;
mod unwrap;
pub(crate) mod what;
