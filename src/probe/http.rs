//! Asking for real: HTTP/1.1 by `ureq`, TLS by `rustls` on `ring`.

use std::cell::OnceCell;
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, DATE, HeaderName, HeaderValue, LOCATION};
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Proxy};

use super::answer::HttpAnswer;
use super::ask::{Ask, AskOptions, CannotAsk, Certificates, Connection, NoAnswer};
use super::endpoint::Endpoint;
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::Address;

/// The most that is read of an answer.
const MOST: u64 = 64 * 1024;

/// For [`World`](crate::session::World): asks through the proxy that the environment of this process names, if it does.
pub fn through_proxy_of_environment(options: AskOptions) -> Result<Box<dyn Ask>, CannotAsk> {
    open(options, Proxy::try_from_env())
}

/// The same without a proxy.
pub fn direct(options: AskOptions) -> Result<Box<dyn Ask>, CannotAsk> {
    open(options, None)
}

fn open(options: AskOptions, proxy: Option<Proxy>) -> Result<Box<dyn Ask>, CannotAsk> {
    if let Certificates::Pem(pem) = &options.certificates
        && certificates(pem).is_empty()
    {
        return Err(CannotAsk::NoCertificate);
    }
    Ok(Box::new(Http { options, proxy, tls: Rc::default() }))
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem).filter_map(Result::ok);
    let certificate =
        |item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None };
    items.filter_map(certificate).collect()
}

struct Http {
    options: AskOptions,
    proxy: Option<Proxy>,
    /// Made with the first question that needs it.
    tls: Rc<OnceCell<TlsConfig>>,
}

struct HttpConnection {
    options: AskOptions,
    proxy: Option<Proxy>,
    tls: Rc<OnceCell<TlsConfig>>,
    endpoint: Endpoint,
    address: Option<IpAddr>,
    agent: Option<Agent>,
}

impl Ask for Http {
    fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<IpAddr>, NoAnswer> {
        if self.proxy.as_ref().is_some_and(|proxy| !proxy.is_no_proxy(endpoint.uri())) {
            return Err(NoAnswer::ProxyChooses);
        }
        let found = (endpoint.host(), endpoint.port()).to_socket_addrs();
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in found.map_err(|_| NoAnswer::UnknownHost)?.map(|address| address.ip()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(NoAnswer::UnknownHost) } else { Ok(addresses) }
    }

    fn fetch(&self, address: &Address) -> Result<HttpAnswer, NoAnswer> {
        let uri: Uri =
            address.url().parse().map_err(|_| NoAnswer::Broken("no URL that can be asked".to_owned()))?;
        let failed = |error| no_answer(error, self.options.timeout);
        let tls = if address.is_https() { Some(tls(&self.options, &self.tls)?) } else { None };
        let config = config(&self.options, self.proxy.as_ref(), tls);
        let agent: Agent = config.into();
        let response = agent.get(uri).header(ACCEPT, "application/json").call().map_err(failed)?;
        answer(response, &Reads { from: 200, most: 1024 * 1024 }).map_err(failed)
    }

    fn connect(&self, endpoint: &Endpoint, address: Option<IpAddr>) -> Box<dyn Connection> {
        Box::new(HttpConnection {
            options: self.options.clone(),
            proxy: self.proxy.clone(),
            tls: Rc::clone(&self.tls),
            endpoint: endpoint.clone(),
            address,
            agent: None,
        })
    }
}

impl Connection for HttpConnection {
    fn ask(&mut self, token: &str) -> Result<HttpAnswer, NoAnswer> {
        let failed = |error| no_answer(error, self.options.timeout);
        let agent = match &self.agent {
            Some(agent) => agent.clone(),
            None => self.agent()?,
        };
        self.agent = Some(agent.clone());
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|error| NoAnswer::Broken(error.to_string()))?;
        bearer.set_sensitive(true);
        let request = agent.post(self.endpoint.uri()).header(AUTHORIZATION, bearer);
        let response = request.content_type("application/json").send("{}").map_err(failed)?;
        // Of an answer that lets us in, or leads elsewhere, nothing is read: it may be a user's data.
        answer(response, &Reads { from: 400, most: MOST }).map_err(failed)
    }
}

impl HttpConnection {
    fn agent(&self) -> Result<Agent, NoAnswer> {
        let tls = if self.endpoint.is_https() { Some(tls(&self.options, &self.tls)?) } else { None };
        let config = config(&self.options, self.proxy.as_ref(), tls);
        let resolver = Addresses { fixed: self.address, by_name: DefaultResolver::default() };
        Ok(Agent::with_parts(config, DefaultConnector::new(), resolver))
    }
}

fn config(options: &AskOptions, proxy: Option<&Proxy>, tls: Option<TlsConfig>) -> ureq::config::Config {
    let timeout = u64::try_from(options.timeout.get()).unwrap_or_default();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy.cloned())
        .timeout_global(Some(Duration::from_secs(timeout)))
        .user_agent(concat!("powersync-jwks/", env!("CARGO_PKG_VERSION")));
    match tls {
        Some(tls) => config.tls_config(tls).build(),
        None => config.build(),
    }
}

fn tls(options: &AskOptions, made: &OnceCell<TlsConfig>) -> Result<TlsConfig, NoAnswer> {
    if let Some(tls) = made.get() {
        return Ok(tls.clone());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    let tls = match &options.certificates {
        Certificates::System => builder.root_certs(system_certificates()?),
        Certificates::Pem(pem) => builder.root_certs(certificates(pem).into()),
        Certificates::Unchecked => builder.disable_verification(true),
    };
    Ok(made.get_or_init(|| tls.build()).clone())
}

fn system_certificates() -> Result<RootCerts, NoAnswer> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(NoAnswer::NoCertificates(why));
    }
    Ok(found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).into())
}

/// One address in place of those that the name resolves to. The name is still what TLS and `Host` say.
#[derive(Debug)]
struct Addresses {
    fixed: Option<IpAddr>,
    by_name: DefaultResolver,
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let Some(address) = self.fixed else { return self.by_name.resolve(uri, config, timeout) };
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let mut addresses = self.empty();
        addresses.push(SocketAddr::new(address, uri.port_u16().unwrap_or(usual)));
        Ok(addresses)
    }
}

/// Of which answers a body is read, by their status, and how much of it.
struct Reads {
    from: u16,
    most: u64,
}

fn answer(mut response: Response<Body>, reads: &Reads) -> Result<HttpAnswer, ureq::Error> {
    let status = response.status().as_u16();
    let header = |name: &HeaderName| {
        response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let date = header(&DATE).and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
    let mut answer = HttpAnswer {
        status,
        location: header(&LOCATION),
        encoding: header(&CONTENT_ENCODING),
        date: date.and_then(|date| NumericDate::new(date.timestamp())),
        ..HttpAnswer::default()
    };
    if status >= reads.from {
        response.body_mut().as_reader().take(reads.most + 1).read_to_end(&mut answer.body)?;
        answer.cut = answer.body.len() as u64 > reads.most;
    }
    Ok(answer)
}

fn no_answer(error: ureq::Error, timeout: Seconds) -> NoAnswer {
    match error {
        ureq::Error::HostNotFound => NoAnswer::UnknownHost,
        ureq::Error::Timeout(_) => NoAnswer::TimedOut(timeout),
        ureq::Error::Rustls(error) => tls_error(&error),
        ureq::Error::Tls(what) => NoAnswer::Tls(what.to_owned()),
        ureq::Error::ConnectProxyFailed(what) => NoAnswer::Proxy(what),
        ureq::Error::InvalidProxyUrl => NoAnswer::Proxy("its URL can't be read".to_owned()),
        ureq::Error::Io(error) => io_error(&error, timeout),
        other => NoAnswer::Broken(other.to_string()),
    }
}

fn io_error(error: &io::Error, timeout: Seconds) -> NoAnswer {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return tls_error(inner);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => NoAnswer::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NoAnswer::TimedOut(timeout),
        // The standard library has no kind for it.
        _ if error.to_string().starts_with("failed to lookup address") => NoAnswer::UnknownHost,
        _ => NoAnswer::Broken(error.to_string()),
    }
}

fn tls_error(error: &rustls::Error) -> NoAnswer {
    match error {
        rustls::Error::InvalidCertificate(why) => NoAnswer::Certificate(why.to_string()),
        other => NoAnswer::Tls(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_proxy_that_does_not_connect_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut byte = [0];
            while !request.ends_with("\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(char::from(byte[0]));
            }
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").unwrap();
            request
        });
        let options = AskOptions { timeout: Seconds::new(10), certificates: Certificates::System };
        let ask = open(options, Some(proxy)).unwrap();
        // An address of a documentation range: nothing is there, and nothing is asked there.
        let endpoint: Endpoint = "http://192.0.2.1:8080".parse().unwrap();
        assert_eq!(ask.addresses(&endpoint), Err(NoAnswer::ProxyChooses));
        let answer = ask.connect(&endpoint, None).ask("a.b.c");
        assert!(matches!(answer, Err(NoAnswer::Proxy(_))), "{answer:?}");
        let request = served.join().unwrap();
        assert!(request.starts_with("CONNECT 192.0.2.1:8080 ") && !request.contains("a.b.c"), "{request}");
    }

    #[test]
    fn a_name_that_resolves_to_nothing_is_named() {
        let error = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(io_error(&error, Seconds::new(1)), NoAnswer::UnknownHost);
        assert_eq!(no_answer(ureq::Error::HostNotFound, Seconds::new(1)), NoAnswer::UnknownHost);
    }
}
