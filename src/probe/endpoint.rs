//! Where a service is asked.

use std::fmt;

use ::http::Uri;

use crate::base::text::Printable;

/// The path that is asked, behind the URL's own.
const PATH: &str = "/sync/stream";

/// The URL of a service, as its clients have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As messages name it.
    shown: String,
    uri: Uri,
}

/// A text that is no URL of a service. Says nothing of what is in it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// No URL at all.
    #[error("this is not a URL. Expected one such as https://sync.example.com or http://localhost:8080")]
    Form,
    /// Not `http` or `https`.
    #[error("the URL must begin with https:// or http://, as that of your clients does")]
    Scheme,
    /// `user:password@`
    #[error("the URL has a user name or a password in it, which has no place in arguments. Leave it out")]
    Login,
    /// `?…` or `#…`
    #[error("the URL ends in `?…` or `#…`. Leave that out: only the way to the service is needed")]
    Query,
    /// Not between 1 and 65535.
    #[error("the port of the URL must be a number between 1 and 65535")]
    Port,
}

impl std::str::FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(InvalidEndpoint::Form)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" => "https",
            _ => return Err(InvalidEndpoint::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(InvalidEndpoint::Query);
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.contains('@') {
            return Err(InvalidEndpoint::Login);
        }
        let path = path.trim_end_matches('/');
        let prefix = path.strip_suffix(PATH).unwrap_or(path).trim_end_matches('/');
        let shown = format!("{scheme}://{authority}{prefix}");
        let uri: Uri = format!("{shown}{PATH}").parse().map_err(|_| InvalidEndpoint::Form)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(InvalidEndpoint::Form)?;
        let port = authority.strip_prefix(host).unwrap_or_default();
        let port = port.strip_prefix(':').map(str::parse::<u16>);
        if port.is_some_and(|port| port.is_err() || port == Ok(0)) {
            return Err(InvalidEndpoint::Port);
        }
        Ok(Self { shown, uri })
    }
}

impl Endpoint {
    /// What is asked.
    #[cfg(any(feature = "probe", test))]
    #[must_use]
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The name or the address of the host, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, said or usual.
    #[cfg(any(feature = "probe", test))]
    #[must_use]
    pub(crate) fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Whether the way there is encrypted.
    #[cfg(any(feature = "probe", test))]
    #[must_use]
    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }
}

/// Without the path that is asked.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.shown).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_and_the_asked_one_is_added_once() {
        for (text, asked, host, port) in [
            ("http://localhost:8080", "http://localhost:8080/sync/stream", "localhost", 8080),
            ("https://sync.example.com/", "https://sync.example.com/sync/stream", "sync.example.com", 443),
            ("http://h/a/b/", "http://h/a/b/sync/stream", "h", 80),
            ("http://h/a/sync/stream", "http://h/a/sync/stream", "h", 80),
            ("HTTP://h/sync/stream/", "http://h/sync/stream", "h", 80),
            ("http://[::1]:8080", "http://[::1]:8080/sync/stream", "::1", 8080),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.uri().to_string(), asked, "{text}");
            assert_eq!((endpoint.host(), endpoint.port()), (host, port), "{text}");
        }
        assert_eq!("http://h/a/sync/stream".parse::<Endpoint>().unwrap().to_string(), "http://h/a");
    }

    #[test]
    fn what_is_no_url_of_a_service_is_named() {
        for (text, why) in [
            ("", InvalidEndpoint::Form),
            ("localhost:8080", InvalidEndpoint::Form),
            ("http://", InvalidEndpoint::Form),
            ("http://a b", InvalidEndpoint::Form),
            ("http://:80", InvalidEndpoint::Form),
            ("postgres://localhost", InvalidEndpoint::Scheme),
            ("https://user:secret@h", InvalidEndpoint::Login),
            ("https://h?token=1", InvalidEndpoint::Query),
            ("https://h/#top", InvalidEndpoint::Query),
            ("http://h:99999", InvalidEndpoint::Port),
            ("http://h:0", InvalidEndpoint::Port),
            ("http://h:", InvalidEndpoint::Port),
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(why), "{text}");
        }
    }
}
