//! The address of a set of keys, as the service reads it (the URL standard of browsers, as far as it matters here).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::base::text::{Printable, percent_decoded};

/// An absolute URL with `http` or `https`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    is_https: bool,
    has_login: bool,
    /// Name or address, an IPv6 address without its brackets.
    host: String,
    port: Option<u16>,
    /// Path and query.
    rest: String,
}

/// A text that is no such URL. Says nothing of what is in it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Hash)]
pub enum InvalidAddress {
    /// `new URL` fails: `PSYNC_S3102`.
    #[error("is not an absolute URL")]
    NotAUrl,
    /// `PSYNC_S3103`
    #[error("must begin with https:// or http://")]
    Scheme,
}

/// A name that ends like this is none of the public internet.
const PRIVATE_SUFFIXES: [&str; 6] = [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc"];

impl Address {
    /// Reads it as the service does.
    pub fn read(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
        let (scheme, rest) = text.split_once(':').ok_or(InvalidAddress::NotAUrl)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            _ if !is_scheme => return Err(InvalidAddress::NotAUrl),
            "https" => true,
            "http" => false,
            // These need a host, too.
            "ftp" | "ws" | "wss" if rest.trim_start_matches(['/', '\\']).is_empty() => {
                return Err(InvalidAddress::NotAUrl);
            }
            _ => return Err(InvalidAddress::Scheme),
        };
        let rest = rest.trim_start_matches(['/', '\\']);
        let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let login = authority.rsplit_once('@');
        let host_and_port = login.map_or(authority, |(_, rest)| rest);
        let (host, port) = split_port(host_and_port)?;
        let rest = rest.split('#').next().unwrap_or_default().replace('\\', "/");
        let rest = if rest.starts_with('/') { rest } else { format!("/{rest}") };
        Ok(Self { is_https, has_login: login.is_some(), host: read_host(host)?, port, rest })
    }

    /// Whether the way there is encrypted.
    #[must_use]
    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether it is this machine, or a name or an address that only a private network knows.
    #[must_use]
    pub(crate) fn is_near(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
            Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
            // A name without a dot is one of a container network, or of this machine.
            Err(_) => {
                !self.host.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| self.host.ends_with(suffix))
            }
        }
    }

    /// Whether there is a user name or a password in it.
    #[must_use]
    pub(crate) fn has_login(&self) -> bool {
        self.has_login
    }

    /// Scheme, host and port.
    #[must_use]
    pub(crate) fn origin(&self) -> (bool, &str, u16) {
        (self.is_https, &self.host, self.port.unwrap_or(if self.is_https { 443 } else { 80 }))
    }

    /// Whether a text may be meant as one, and not as the name of a file.
    #[must_use]
    pub(crate) fn is_meant(text: &str) -> bool {
        let text = text.trim_start().to_ascii_lowercase();
        text.starts_with("http://") || text.starts_with("https://")
    }

    /// The same, at another path.
    #[must_use]
    pub(crate) fn with_path(&self, path: &str) -> Option<Self> {
        let rest = path.split('#').next().filter(|path| !path.contains(char::is_whitespace))?;
        Some(Self { rest: rest.to_owned(), ..self.clone() })
    }

    /// As it is asked for: without a user name and a password.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{scheme}://{host}{port}{}", self.rest)
    }
}

/// Without what may be secret in it: user name, password and query.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url();
        Printable(url.split('?').next().unwrap_or_default()).fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), InvalidAddress> {
    let after_bracket = text.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = text[after_bracket..].find(':').map(|at| at + after_bracket) else {
        return Ok((text, None));
    };
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    match port {
        "" => Ok((host, None)),
        _ if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse().map(|port| (host, Some(port))).map_err(|_| InvalidAddress::NotAUrl)
        }
        _ => Err(InvalidAddress::NotAUrl),
    }
}

fn read_host(text: &str) -> Result<String, InvalidAddress> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let ip: IpAddr = inner.parse().map_err(|_| InvalidAddress::NotAUrl)?;
        return if ip.is_ipv6() { Ok(ip.to_string()) } else { Err(InvalidAddress::NotAUrl) };
    }
    let is_forbidden = |c: char| c.is_ascii_control() || " #%/:<>?@[\\]^|".contains(c);
    let host = percent_decoded(text).ok_or(InvalidAddress::NotAUrl)?.to_lowercase();
    if host.is_empty() || host.contains(is_forbidden) {
        return Err(InvalidAddress::NotAUrl);
    }
    let parts: Vec<&str> = host.strip_suffix('.').unwrap_or(&host).split('.').collect();
    // A host that ends in a number has to be an IPv4 address.
    let last = parts.last().copied().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || number(last).is_some();
    if is_number && !last.is_empty() {
        return ipv4(&parts).map(|ip| ip.to_string()).ok_or(InvalidAddress::NotAUrl);
    }
    Ok(host)
}

/// Up to four numbers, the last one for all bytes that are left: `127.1`, `0x7f000001`.
fn ipv4(parts: &[&str]) -> Option<Ipv4Addr> {
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    let mut ip = number(last).filter(|last| *last < 1 << (8 * (4 - first.len())))?;
    for (place, part) in first.iter().enumerate() {
        ip += number(part).filter(|part| *part < 256)? << (8 * (3 - place));
    }
    u32::try_from(ip).ok().map(Ipv4Addr::from)
}

/// Decimal, hexadecimal behind `0x`, octal behind `0`.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(""), _) => return Some(0),
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        (None, _) => (text, 10),
    };
    let is_digits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    // What is too large for this is too large for an address.
    is_digits.then(|| u64::from_str_radix(digits, radix).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_node_reads_them() {
        for (text, expected) in [
            ("https://auth.example.com/jwks.json", Ok("https://auth.example.com/jwks.json")),
            (" HTTPS://Auth.Example.com ", Ok("https://auth.example.com/")),
            ("https:auth.example.com", Ok("https://auth.example.com/")),
            ("http://user:pass@h:8080/a?b#c", Ok("http://h:8080/a?b")),
            ("http://[::1]:80/x", Ok("http://[::1]:80/x")),
            ("https://h?x=1", Ok("https://h/?x=1")),
            ("", Err(InvalidAddress::NotAUrl)),
            ("nope", Err(InvalidAddress::NotAUrl)),
            ("auth.example.com/jwks", Err(InvalidAddress::NotAUrl)),
            ("//auth.example.com", Err(InvalidAddress::NotAUrl)),
            ("${PS_URL}", Err(InvalidAddress::NotAUrl)),
            ("https://", Err(InvalidAddress::NotAUrl)),
            ("https://${PS_HOST}/jwks", Ok("https://${ps_host}/jwks")),
            ("http:}", Ok("http://}/")),
            ("http:%7d%41", Ok("http://}a/")),
            ("http:a%b", Err(InvalidAddress::NotAUrl)),
            ("http:a%2fb", Err(InvalidAddress::NotAUrl)),
            ("http:a|b", Err(InvalidAddress::NotAUrl)),
            ("http:0x", Ok("http://0.0.0.0/")),
            ("http:0x7F.1", Ok("http://127.0.0.1/")),
            ("http:0177.0.0.1.", Ok("http://127.0.0.1/")),
            ("http:4294967296", Err(InvalidAddress::NotAUrl)),
            ("http:1.2.3.4.5", Err(InvalidAddress::NotAUrl)),
            ("http:08", Err(InvalidAddress::NotAUrl)),
            ("http:a.0b", Ok("http://a.0b/")),
            ("http:a.0x1", Err(InvalidAddress::NotAUrl)),
            ("http:1..", Ok("http://1../")),
            ("https://a b/", Err(InvalidAddress::NotAUrl)),
            ("https://h:99999/", Err(InvalidAddress::NotAUrl)),
            ("https://256.1.1.1/", Err(InvalidAddress::NotAUrl)),
            ("https://::1/", Err(InvalidAddress::NotAUrl)),
            ("localhost:3000/jwks", Err(InvalidAddress::Scheme)),
            ("ftp://x", Err(InvalidAddress::Scheme)),
            ("file:///jwks.json", Err(InvalidAddress::Scheme)),
        ] {
            let found = Address::read(text).map(|address| address.url());
            assert_eq!(found.as_deref().map_err(|error| *error), expected, "{text}");
        }
    }

    #[test]
    fn private_hosts_are_known() {
        for (host, near) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("10.1.2.3", true),
            ("192.168.1.1", true),
            ("auth", true),
            ("auth.default.svc", true),
            ("keycloak.internal", true),
            ("auth.example.com", false),
            ("8.8.8.8", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(Address::read(&format!("http://{host}/")).unwrap().is_near(), near, "{host}");
        }
    }
}
