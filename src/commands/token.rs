//! `token`: one token, signed.

use crate::base::sentence::sentence;
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeyName, KeySet, Kid, Member};
use std::path::{Path, PathBuf};

use crate::report::json::{self, TokenReport};
use crate::session::values::EnvFileArg;
use crate::session::arguments::{Format, FormatArgs, Global};
use crate::report::paint::warning_line;
use crate::session::mask::MaskArgs;
use crate::session::{Answer, Error, Source, Usage, World, read, source};
use crate::store;
use zeroize::Zeroizing;
use crate::token::{Claims, InvalidClaims, Signer, Verdict, Verifier, read_claims};

/// Print a token that is signed with the current key
///
/// To try a new key, or to look at what a user sees. Nothing else is on stdout. Claims that no service accepts are
/// refused; where this service would reject the token, a warning says so and why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks token --sub user-1\n  powersync-jwks token --sub user-1 --kid prod-2 --ttl 5m\n  powersync-jwks token --sub user-1 --claim role=admin --parameters '{\"project\": 7}'\n  powersync-jwks token --sub user-1 | powersync-jwks verify"
)]
pub(crate) struct Args {
    /// The user's id
    #[arg(long, value_name = "USER")]
    pub sub: String,
    /// How long it lives, at most 24h
    #[arg(long, value_name = "DURATION", default_value = "60m", allow_hyphen_values = true)]
    pub ttl: Seconds,
    /// For whom it is; may be given several times [default: the audiences of the config]
    #[arg(long, value_name = "AUDIENCE")]
    pub aud: Vec<String>,
    /// Who makes it
    #[arg(long, value_name = "ISSUER")]
    pub iss: Option<String>,
    /// A further claim; the value is JSON if it reads as such, else text
    #[arg(long, value_name = "NAME=VALUE")]
    pub claim: Vec<ClaimArg>,
    /// Further claims, as a JSON object in a file; `-` is stdin
    #[arg(long, value_name = "PATH")]
    pub claims: Option<PathBuf>,
    /// What sync rules read as token parameters: a JSON object
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub parameters: Option<serde_json::Value>,
    /// Which key signs: a kid, or @N [default: the current key]
    #[arg(long, value_name = "KEY")]
    pub kid: Option<KeyName>,
    /// Whether CI is told of it.
    #[command(flatten)]
    pub mask: MaskArgs,
    /// How the output is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// Where the values of variables come from.
    #[command(flatten)]
    pub values: EnvFileArg,
}

/// A claim on the command line.
#[derive(Clone)]
pub struct ClaimArg {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: serde_json::Value,
}

/// What is said of a user is nobody else's.
impl std::fmt::Debug for ClaimArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClaimArg {{ name: {:?}, value: … }}", self.name)
    }
}

impl std::str::FromStr for ClaimArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) =
            text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        Ok(Self { name: name.to_owned(), value })
    }
}

fn json(text: &str) -> Result<serde_json::Value, &'static str> {
    serde_json::from_str(text).map_err(|_| "this is not JSON, such as {\"project\": 7}")
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let name = source.name();
    let keys = read::keys(global, &source, args.values.path(), world)?;
    let now = world.clock.now();
    let signer = Signer::new(&keys, args.kid.as_ref(), now).map_err(Error::token(&name))?;
    let audience = if args.aud.is_empty() { signer.audiences().to_vec() } else { args.aud.clone() };
    if audience.is_empty() {
        return Err(no_audience(&keys));
    }
    let claims = claims(args, now, &source, world)?.with_audience(audience.clone());
    let token = signer.sign(&claims)?;
    let verdict = Verifier::new(&keys).map_err(Error::token(&name))?.verify(&token, now);
    args.mask.announce(&[Zeroizing::new(token.clone())], world)?;
    match args.output.format {
        Format::Human => {
            writeln!(world.stdout, "{token}")?;
            world.stdout.flush()?;
        }
        Format::Json => {
            let report = TokenReport {
                version: 1,
                now: now.to_string(),
                config: &name,
                token: &token,
                key: keys.keys().get(signer.key()).map(Key::name),
                kid: keys.keys().get(signer.key()).and_then(|key| key.kid.value()).map(Kid::as_str),
                audience,
                expires: (now + args.ttl).to_string(),
                verdict: (&verdict).into(),
            };
            json::write(&report, world.stdout)?;
        }
    }
    match verdict {
        Verdict::Rejected(why) => {
            let text = format!("the service rejects this token: {} {why}", why.code());
            writeln!(world.stderr, "{}", warning_line(&text))?;
        }
        Verdict::Undetermined(why) => {
            let why = why.message();
            world.note(&sentence!("whether the service accepts it can't be determined here: {why}"))?;
        }
        Verdict::Accepted(_) => {}
    }
    Ok(Answer::Done)
}

/// An audience that the config has, and isn't known here.
fn no_audience(keys: &KeySet) -> Error {
    let variable = keys.audiences.iter().find_map(|audience| match audience {
        Member::Variable(name) => Some(name.as_str()),
        _ => None,
    });
    variable
        .map_or(Usage::AudienceOfCloud, |name| Usage::AudienceInVariable(name.to_owned()))
        .into()
}

fn claims(args: &Args, now: NumericDate, source: &Source, world: &mut World<'_>) -> Result<Claims, Error> {
    let mut claims = Claims::new(args.sub.as_str(), now, args.ttl)?;
    if let Some(path) = &args.claims {
        for (name, value) in read_claims(&claims_text(path, source, world)?)? {
            claims.add(&name, value)?;
        }
    }
    for claim in &args.claim {
        claims.add(&claim.name, claim.value.clone())?;
    }
    if let Some(issuer) = &args.iss {
        claims.add("iss", issuer.as_str().into())?;
    }
    if let Some(parameters) = &args.parameters {
        claims.add("parameters", parameters.clone())?;
    }
    Ok(claims)
}

fn claims_text(path: &Path, config: &Source, world: &mut World<'_>) -> Result<String, Error> {
    let bytes = if path == Path::new("-") {
        read::check_stdin(config, "the claims")?;
        store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?
    } else {
        store::snapshot(&world.path(path)).map_err(Error::store(&path.display().to_string()))?
    };
    String::from_utf8(bytes.to_vec()).map_err(|_| InvalidClaims::NotAnObject.into())
}
