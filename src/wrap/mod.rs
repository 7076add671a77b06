//! What a file is, and what is around a config: base64, Kubernetes Secrets, env files.

mod base64;
pub(crate) mod env_file;
pub(crate) mod envelope;
mod kubernetes;
pub(crate) mod manifest;
mod unwrap;
