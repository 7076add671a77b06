//! The PowerSync Service as far as it answers tokens, by the crate's own verifier, and what may take its place:
//! on loopback, over HTTP and HTTPS, and without any network.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{Address, KeySet};
use powersync_jwks::probe::{Ask, AskOptions, CannotAsk, Connection, Endpoint, HttpAnswer, NoAnswer};
use powersync_jwks::time::NumericDate;
use powersync_jwks::token::{Verdict, Verifier};

/// A service that has started with a config.
pub struct Service {
    verifier: Verifier,
    /// Its clock.
    pub now: NumericDate,
}

impl Service {
    pub fn start(config: &str, now: NumericDate) -> Self {
        let keys = KeySet::read(&Config::parse_str(config, Input::Yaml).unwrap());
        Self { verifier: Verifier::new(&keys).unwrap(), now }
    }

    /// Whether it lets the user in who has this token, and what it says.
    pub fn answer(&self, token: &str) -> (u16, String) {
        match self.verifier.verify(token, self.now) {
            Verdict::Accepted(_) => (200, "{\"checkpoint\": {}}".to_owned()),
            Verdict::Rejected(why) => (401, error(&why.code().to_string(), &why.to_string())),
            Verdict::Undetermined(why) => panic!("{why:?}"),
        }
    }
}

/// An error as the service writes it.
pub fn error(code: &str, description: &str) -> String {
    let error = serde_json::json!({"code": code, "status": 401, "description": description, "name": "AuthorizationError"});
    serde_json::json!({ "error": error }).to_string()
}

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST /sync/stream HTTP/1.1`
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// On which connection it came, from 0.
    pub connection: usize,
}

impl Request {
    pub fn token(&self) -> &str {
        self.headers["authorization"].strip_prefix("Bearer ").unwrap()
    }

    fn read(stream: &mut BufReader<impl Read>, connection: usize) -> Option<Self> {
        let mut line = || {
            let mut line = String::new();
            stream.read_line(&mut line).ok()?;
            Some(line.trim_end().to_owned())
        };
        let first = line().filter(|line| !line.is_empty())?;
        let mut headers = BTreeMap::new();
        while let Some((name, value)) = line()?.split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        Some(Self { line: first, headers, body: String::from_utf8(body).unwrap(), connection })
    }
}

/// What comes back.
pub enum Reply {
    /// Status, further header lines, body.
    Answer(u16, &'static str, String),
    /// A body without an end.
    Endless,
    /// Nothing, on an open connection.
    Silence,
    /// Something that is not HTTP.
    Noise,
}

type Answers = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server on loopback.
pub struct Server {
    pub address: SocketAddr,
    answers: Arc<Mutex<Arc<Answers>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    pub fn new(answers: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0", answers).unwrap()
    }

    /// A server that runs with a config.
    pub fn with(config: &str, now: NumericDate) -> Self {
        let server = Self::new(|_| Reply::Silence);
        server.restart(config, now);
        server
    }

    pub fn on(
        address: &str,
        answers: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Self::listen(address, answers, |stream| Some(Box::new(stream)))
    }

    /// A server that takes TLS for bad HTTP, as Node does.
    pub fn plain() -> Self {
        let refuse = |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 1]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
            // Read to its end, so that nothing is reset before it was read.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
            None
        };
        Self::listen("127.0.0.1:0", |_| Reply::Silence, refuse).unwrap()
    }

    fn listen(
        address: &str,
        answers: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let server = Self {
            address: listener.local_addr()?,
            answers: Arc::new(Mutex::new(Arc::new(answers))),
            requests: Arc::default(),
            stopped: Arc::default(),
        };
        let (answers, requests, stopped) =
            (Arc::clone(&server.answers), Arc::clone(&server.requests), Arc::clone(&server.stopped));
        let wrap = Arc::new(wrap);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (answers, requests, wrap) =
                    (Arc::clone(&answers), Arc::clone(&requests), Arc::clone(&wrap));
                thread::spawn(move || {
                    let Some(stream) = wrap(stream.unwrap()) else { return };
                    talk(stream, number, &answers, &requests);
                });
            }
        });
        Ok(server)
    }

    /// From now on it runs with this config.
    pub fn restart(&self, config: &str, now: NumericDate) {
        self.set(service(config, now));
    }

    pub fn set(&self, answers: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.answers.lock().unwrap() = Arc::new(answers);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers as the service does.
pub fn service(config: &str, now: NumericDate) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let service = Service::start(config, now);
    let date =
        chrono::DateTime::from_timestamp(now.seconds(), 0).unwrap().to_rfc2822().replace("+0000", "GMT");
    let date: &'static str = Box::leak(format!("date: {date}\r\n").into_boxed_str());
    move |request| {
        let (status, body) = service.answer(request.token());
        Reply::Answer(status, date, body)
    }
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn talk(
    stream: Box<dyn Stream>,
    number: usize,
    answers: &Mutex<Arc<Answers>>,
    requests: &Mutex<Vec<Request>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream, number) {
        requests.lock().unwrap().push(request.clone());
        let answers = Arc::clone(&answers.lock().unwrap());
        let out = stream.get_mut();
        let done = match answers(&request) {
            // In one piece: else the network waits for more of it.
            Reply::Answer(status, headers, body) => out.write_all(
                format!(
                    "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
                    body.len()
                )
                .as_bytes(),
            ),
            Reply::Endless => {
                let _ = write!(out, "HTTP/1.1 401 Said\r\nconnection: close\r\n\r\n");
                while out.write_all(&[b'x'; 1024]).is_ok() {}
                return;
            }
            Reply::Silence => {
                let _ = stream.read(&mut [0]);
                return;
            }
            Reply::Noise => out.write_all(b"SSH-2.0-OpenSSH_9.6\r\n"),
        };
        if done.and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
    }
}

/// HTTPS, with an authority made for the test.
#[cfg(feature = "probe")]
pub mod tls {
    use super::*;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    /// A certificate for these names, by an authority of its own, whose certificate is given back in PEM.
    pub fn serve(
        address: &str,
        names: &[&str],
        answers: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<(Server, String)> {
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = Arc::new(
            config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap(),
        );
        let server = Server::listen(address, answers, move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(StreamOwned::new(connection, stream)))
        })?;
        Ok((server, authority.pem()))
    }
}

/// Replicas without a network: each URL is one, by its host.
#[derive(Clone, Default)]
pub struct Replicas(Rc<RefCell<BTreeMap<String, Service>>>);

impl Replicas {
    pub fn restart(&self, host: &str, config: &str, now: NumericDate) {
        self.0.borrow_mut().insert(host.to_owned(), Service::start(config, now));
    }

    pub fn set_clocks(&self, now: NumericDate) {
        self.0.borrow_mut().values_mut().for_each(|service| service.now = now);
    }

    /// Whether every one of them lets a token in.
    pub fn all_accept(&self, token: &str) -> bool {
        self.0.borrow().values().all(|service| service.answer(token).0 == 200)
    }

    /// For a scene.
    pub fn ask(&self) -> Box<powersync_jwks::probe::Open> {
        // `Open` is `'static`, and so are counted references.
        let replicas = self.clone();
        Box::new(move |_: AskOptions| Ok::<Box<dyn Ask>, CannotAsk>(Box::new(replicas.clone())))
    }
}

impl Ask for Replicas {
    fn addresses(&self, _: &Endpoint) -> Result<Vec<IpAddr>, NoAnswer> {
        Ok(vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()])
    }

    fn fetch(&self, _: &Address) -> Result<HttpAnswer, NoAnswer> {
        Err(NoAnswer::UnknownHost)
    }

    fn connect(&self, endpoint: &Endpoint, address: Option<IpAddr>) -> Box<dyn Connection> {
        let host = address.map_or_else(|| endpoint.host().to_owned(), |address| address.to_string());
        Box::new(Line { replicas: self.clone(), host })
    }
}

struct Line {
    replicas: Replicas,
    host: String,
}

impl Connection for Line {
    fn ask(&mut self, token: &str) -> Result<HttpAnswer, NoAnswer> {
        let replicas = self.replicas.0.borrow();
        let service = replicas.get(&self.host).ok_or(NoAnswer::UnknownHost)?;
        let (status, body) = service.answer(token);
        Ok(HttpAnswer { status, body: body.into_bytes(), date: Some(service.now), ..HttpAnswer::default() })
    }
}

/// Counts calls, from 0.
pub fn counter() -> impl Fn() -> usize + Send + Sync {
    let count = AtomicUsize::new(0);
    move || count.fetch_add(1, Ordering::SeqCst)
}
