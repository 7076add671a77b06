//! What a file is, and what is around a config: base64, Kubernetes Secrets, env files.

pub mod env_file;
pub mod envelope;
pub(crate) mod manifest;
