//! What asks, passed in.

use std::net::IpAddr;

use super::answer::HttpAnswer;
use super::endpoint::Endpoint;
use crate::base::text::Printable;
use crate::base::time::Seconds;
use crate::keyset::Address;

/// Which certificates are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// Those of the system.
    System,
    /// Those of a file in PEM, and no others.
    Pem(Vec<u8>),
    /// All, without a look.
    Unchecked,
}

/// How to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskOptions {
    /// How long an answer may take.
    pub timeout: Seconds,
    /// Whom to trust.
    pub certificates: Certificates,
}

/// Makes what asks. Nothing is connected or read yet.
pub type Open = dyn Fn(AskOptions) -> Result<Box<dyn Ask>, CannotAsk>;

/// Asks running services.
pub trait Ask {
    /// The addresses that the host of a URL resolves to, each once.
    fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<IpAddr>, NoAnswer>;

    /// Gets what an address answers, up to 1 MiB of it. Nothing is sent along, and no redirect is followed.
    fn fetch(&self, address: &Address) -> Result<HttpAnswer, NoAnswer>;

    /// A fresh connection to this address, else to one that the name resolves to. It is made with the first question.
    fn connect(&self, endpoint: &Endpoint, address: Option<IpAddr>) -> Box<dyn Connection>;
}

/// A connection to a service.
pub trait Connection {
    /// Asks with a token, which goes nowhere else.
    fn ask(&mut self, token: &str) -> Result<HttpAnswer, NoAnswer>;
}

/// Nothing can be asked from here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotAsk {
    /// Built without the feature.
    #[error("this powersync-jwks was built without the feature `probe`, so it can't ask services")]
    NotBuiltIn,
    /// Nothing in the file of `--ca`.
    #[error("there is no certificate in it. Expectation PEM: `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
}

/// For [`World`](crate::session::World) where there is no network code.
pub fn not_built_in(_: AskOptions) -> Result<Box<dyn Ask>, CannotAsk> {
    Err(CannotAsk::NotBuiltIn)
}

/// Nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The name resolves to nothing.
    #[error("there is no such host. Check the name, and that this machine can resolve it")]
    UnknownHost,
    /// Nobody listens.
    #[error("the connection was refused: nothing listens there. Is the service running, on this port?")]
    Refused,
    /// It took too long.
    #[error("no answer came within {0}. Is the service reachable from here? `--timeout` waits longer")]
    TimedOut(Seconds),
    /// The certificate is not trusted.
    #[error("its certificate is not trusted here: {}. For an authority of your own: `--ca FILE`", Printable(.0))]
    Certificate(String),
    /// No TLS on the other side, or another.
    #[error("TLS handshake failed: {}. Does it speak TLS on this port, or is it http://?", Printable(.0))]
    Tls(String),
    /// The proxy that the environment names.
    #[error("the configured proxy did not connect: {}", Printable(.0))]
    Proxy(String),
    /// A proxy connects by name.
    #[error(
        "the configured proxy chooses the address itself. Add the host to NO_PROXY, or leave `--all-addresses` out"
    )]
    ProxyChooses,
    /// The system's certificates.
    #[error("the certificates of this system can't be read: {}. `--ca FILE` names some", Printable(.0))]
    NoCertificates(String),
    /// Broken off, or not HTTP.
    #[error("the connection broke: {}", Printable(.0))]
    Broken(String),
}
