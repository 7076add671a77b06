//! What a file is, and what is around a config: base64, Kubernetes Secrets, env files.

mod base64;
pub mod env_file;
pub mod envelope;
mod kubernetes;
pub(crate) mod manifest;
