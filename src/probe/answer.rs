//! What an answer says.

use std::fmt;

use serde_json::Value;

use crate::base::text::Printable;
use crate::base::time::NumericDate;

/// An answer of a service, or of whatever listens there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// `Location`, of a redirect.
    pub location: Option<String>,
    /// `Content-Encoding`: none was asked for.
    pub encoding: Option<String>,
    /// `Date`: the clock of the other side.
    pub date: Option<NumericDate>,
    /// The body, up to the most that is read.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// It may send back what was sent: the token.
impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpAnswer({}, {} bytes)", self.status, self.body.len())
    }
}

/// What the service says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The signature was verified: `PSYNC_S2105` or `PSYNC_S2104`, which come after that.
    Verified,
    /// The signature was verified, and the token is over by the service's clock: `PSYNC_S2103`.
    Expired,
    /// No key has this kid, and none without a kid fits.
    NoKey,
    /// The same, and the keys of a `jwks_uri` can't be fetched just now: `PSYNC_S2204`. A key of the file is found before that.
    NoKeyFetchFails,
    /// The key of this kid has another secret.
    OtherSecret,
    /// The key of this kid has another algorithm.
    OtherAlgorithm,
}

impl Reading {
    /// Whether the key was found and the signature is right.
    #[must_use]
    pub(crate) fn is_verified(self) -> bool {
        matches!(self, Self::Verified | Self::Expired)
    }
}

/// An answer that says nothing of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexpected {
    /// 3xx
    #[error("it answers with a redirect{}, which is not followed with a token. Give the URL that it leads to", .0.as_deref().map_or_else(String::new, |to| format!(" to {}", Printable(to))))]
    Redirect(Option<String>),
    /// 2xx
    #[error(
        "it answers {0} to a token that nobody should accept: this is not the PowerSync Service, or something in between answers for it"
    )]
    Success(u16),
    /// 404
    #[error(
        "it answers 404: there is no `/sync/stream` below this URL. Is a path missing, or is it another service?"
    )]
    NotFound,
    /// 400
    #[error("it answers 400 before it looks at the token: {0}")]
    BadRequest(String),
    /// Another status.
    #[error("it answers {status}: {said}")]
    Status {
        /// The status.
        status: u16,
        /// What it says.
        said: String,
    },
    /// 401 of something else.
    #[error(
        "it answers 401, and not as the PowerSync Service does: {0}. Something in between wants a login of its own"
    )]
    OtherLogin(String),
    /// `PSYNC_S2106`
    #[error(
        "the service says that there is no token (PSYNC_S2106): something in between removes the Authorization header"
    )]
    NoToken,
    /// A code that says nothing of the key.
    #[error("it answers 401 {0}, which says nothing of a key")]
    OtherCode(String),
    /// `Content-Encoding`
    #[error("the answer is compressed ({}), although nobody asked for that: something in between changes answers", Printable(.0))]
    Compressed(String),
    /// More than is read.
    #[error("the answer is longer than 64 KiB, so it was cut off: the service's is short")]
    Endless,
}

/// Text of the other side: never the token, which it may repeat, and not more than a line of it.
fn told(text: &str, token: &str) -> String {
    const MOST: usize = 160;
    let repeats = token.split('.').any(|part| !part.is_empty() && text.contains(part));
    if repeats {
        return "(not shown: it repeats the token)".to_owned();
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(MOST).collect();
    let more = if short.len() < line.len() { "…" } else { "" };
    if short.is_empty() { "(nothing more)".to_owned() } else { format!("{}{more}", Printable(&short)) }
}

/// What is worth telling of a body.
fn body(bytes: &[u8], token: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.trim_start().starts_with('<') {
        return "a page of HTML".to_owned();
    }
    told(&text, token)
}

/// Reads an answer to a token.
pub fn read(answer: &HttpAnswer, token: &str) -> Result<Reading, Unexpected> {
    if (300..400).contains(&answer.status) {
        let to = answer.location.as_deref().map(|to| told(to, token));
        return Err(Unexpected::Redirect(to));
    }
    if (200..300).contains(&answer.status) {
        return Err(Unexpected::Success(answer.status));
    }
    if let Some(encoding) = answer.encoding.as_deref().filter(|name| !name.eq_ignore_ascii_case("identity")) {
        return Err(Unexpected::Compressed(told(encoding, token)));
    }
    if answer.cut {
        return Err(Unexpected::Endless);
    }
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let error = json.as_ref().and_then(|json| json.get("error"));
    let field = |name| error.and_then(|error| error.get(name)?.as_str());
    let said = match (field("code"), field("description")) {
        (Some(code), description) => told(&format!("{code} {}", description.unwrap_or_default()), token),
        _ => body(&answer.body, token),
    };
    match answer.status {
        401 => {}
        404 => return Err(Unexpected::NotFound),
        400 => return Err(Unexpected::BadRequest(said)),
        status => return Err(Unexpected::Status { status, said }),
    }
    let description = field("description").unwrap_or_default();
    match field("code").map(|code| code.strip_prefix("PSYNC_").unwrap_or(code)) {
        Some("S2105" | "S2104") => Ok(Reading::Verified),
        Some("S2103") => Ok(Reading::Expired),
        Some("S2204") => Ok(Reading::NoKeyFetchFails),
        Some("S2106") => Err(Unexpected::NoToken),
        Some("S2101" | "S2102") if description.starts_with("Could not find an appropriate key") => {
            Ok(Reading::NoKey)
        }
        Some("S2101" | "S2102") if description == "signature verification failed" => Ok(Reading::OtherSecret),
        Some("S2101" | "S2102") if description.starts_with("Unexpected token algorithm") => {
            Ok(Reading::OtherAlgorithm)
        }
        Some(_) => Err(Unexpected::OtherCode(said)),
        None => Err(Unexpected::OtherLogin(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "aGVhZA.cGF5bG9hZA.c2lnbmF0dXJl";

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer { status, body: body.as_bytes().to_vec(), ..HttpAnswer::default() }
    }

    fn error(status: u16, code: &str, description: &str) -> HttpAnswer {
        let error = serde_json::json!({"code": code, "status": status, "description": description});
        answer(status, &serde_json::json!({ "error": error }).to_string())
    }

    #[test]
    fn the_answers_of_the_service() {
        for (code, description, reading) in [
            ("PSYNC_S2105", "Unexpected \"aud\" claim value: \"x\"", Reading::Verified),
            ("PSYNC_S2104", "Token must expire in a maximum of 86400 seconds, got 9s", Reading::Verified),
            ("PSYNC_S2103", "JWT has expired", Reading::Expired),
            (
                "PSYNC_S2101",
                "Could not find an appropriate key in the keystore. The key is missing or no key matched the token KID",
                Reading::NoKey,
            ),
            ("PSYNC_S2204", "JWKS request failed", Reading::NoKeyFetchFails),
            ("PSYNC_S2204", "Invalid JWKS response", Reading::NoKeyFetchFails),
            ("PSYNC_S2101", "signature verification failed", Reading::OtherSecret),
            ("PSYNC_S2101", "Unexpected token algorithm HS384", Reading::OtherAlgorithm),
        ] {
            assert_eq!(read(&error(401, code, description), TOKEN), Ok(reading), "{code} {description}");
        }
    }

    #[test]
    fn everything_else_is_named() {
        let said = |answer: &HttpAnswer| read(answer, TOKEN).unwrap_err().to_string();
        let redirect = HttpAnswer { location: Some("https://elsewhere/".to_owned()), ..answer(307, "") };
        assert!(said(&redirect).contains("a redirect to https://elsewhere/, which is not followed"));
        assert!(said(&answer(200, "{}")).starts_with("it answers 200 to a token that nobody should accept"));
        assert!(said(&answer(404, "")).starts_with("it answers 404"));
        assert!(said(&error(400, "PSYNC_S1001", "bad body")).ends_with("PSYNC_S1001 bad body"));
        assert_eq!(
            said(&error(500, "PSYNC_S2001", "no sync config")),
            "it answers 500: PSYNC_S2001 no sync config"
        );
        assert_eq!(said(&answer(503, "<html><h1>away</h1>")), "it answers 503: a page of HTML");
        assert_eq!(said(&answer(502, "")), "it answers 502: (nothing more)");
        assert!(said(&answer(401, "<!doctype html>")).contains("a page of HTML. Something in between"));
        assert!(said(&error(401, "PSYNC_S2106", "Authentication required")).contains("Authorization header"));
        assert!(
            said(&error(401, "PSYNC_S2101", "Token is not a well-formed JWT."))
                .contains("says nothing of a key")
        );
        let compressed = HttpAnswer { encoding: Some("gzip".to_owned()), ..answer(401, "\u{1f}") };
        assert!(said(&compressed).starts_with("the answer is compressed (gzip)"));
        assert_eq!(read(&HttpAnswer { cut: true, ..answer(401, "x") }, TOKEN), Err(Unexpected::Endless));
    }

    #[test]
    fn a_token_that_comes_back_is_not_told() {
        for part in TOKEN.split('.').chain([TOKEN]) {
            for answer in [answer(500, &format!("got {part}")), error(401, "PSYNC_X", part)] {
                let said = read(&answer, TOKEN).unwrap_err().to_string();
                assert!(!said.contains(part) && said.contains("repeats the token"), "{said}");
            }
        }
        let redirect = HttpAnswer { location: Some(format!("https://h/?t={TOKEN}")), ..answer(302, "") };
        assert!(!read(&redirect, TOKEN).unwrap_err().to_string().contains("c2lnbmF0dXJl"));
    }

    #[test]
    fn long_texts_are_cut_and_steer_no_terminal() {
        let said = read(&answer(500, &"\u{1b}[2J".repeat(500)), TOKEN).unwrap_err().to_string();
        assert!(said.len() < 2000 && !said.contains('\u{1b}') && said.ends_with('…'), "{said}");
    }
}
