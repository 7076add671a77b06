//! Keys from elsewhere: files that stand for them, and addresses that are asked because a flag says so.

use std::path::Path;

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Named, Printable};
use crate::base::time::Seconds;
use crate::keyset::{Address, FetchedSet, InvalidSet, KeySet, Login, NamedSet};
use crate::probe::{Ask, AskOptions, Certificates, HttpAnswer};
use crate::report::paint::warning_line;
use crate::session::usage::AsksBehind;
use crate::session::{Error, Usage, World};
use crate::store;
use crate::token::Behind;

/// How long an answer may take.
const TIMEOUT: Seconds = Seconds::new(10);
/// How often an address may send us on, within itself.
const REDIRECTS: usize = 3;

/// Where keys from elsewhere are read.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Keys from elsewhere")]
pub(crate) struct KeySetArgs {
    /// A JWK set that stands for what is behind `jwks_uri`: a file, or a URL that is asked; several times for several
    #[arg(long, value_name = "FILE|URL")]
    pub jwks: Vec<String>,
    /// Ask the config's own `jwks_uri`, and Supabase's keys. No token is sent
    #[arg(long)]
    pub fetch: bool,
}

/// What is behind each login whose keys are fetched, as far as the flags tell.
pub(crate) fn behind(
    args: &KeySetArgs,
    keys: &KeySet,
    config: &str,
    world: &mut World<'_>,
) -> Result<Vec<Behind>, Error> {
    let logins: Vec<&Login> = keys.logins.all().iter().filter(|login| login.is_fetched()).collect();
    if logins.is_empty() && (args.fetch || !args.jwks.is_empty()) {
        let asks = if args.fetch { AsksBehind::Fetch } else { AsksBehind::Jwks };
        return Err(Usage::NothingBehind { config: config.to_owned(), asks }.into());
    }
    let mut behind: Vec<Option<Behind>> = logins.iter().map(|_| None).collect();
    for named in &args.jwks {
        let url = Address::is_meant(named)
            .then(|| Address::read(named).ok().map(|address| address.url()))
            .flatten();
        let same = |login: &&Login| url.is_some() && login.url().map(|own| own.url()) == url;
        let place = logins.iter().position(same).filter(|at| behind[*at].is_none());
        let Some(place) = place.or_else(|| behind.iter().position(Option::is_none)) else {
            return Err(Usage::TooManySets(logins.len()).into());
        };
        behind[place] = Some(read(named, world)?.set.into());
    }
    for (login, behind) in logins.iter().zip(&mut behind).filter(|(_, behind)| args.fetch && behind.is_none())
    {
        *behind = Some(match login.url() {
            Some(address) => match fetch(&address, world)? {
                Ok(text) => FetchedSet::read(&text).into(),
                Err(why) => {
                    let text = format!("{}: {why}", login.name());
                    writeln!(world.stderr, "{}", warning_line(&text))?;
                    Behind::Failed
                }
            },
            None => Behind::Unseen,
        });
    }
    Ok(behind.into_iter().map(Option::unwrap_or_default).collect())
}

impl From<Result<FetchedSet, InvalidSet>> for Behind {
    fn from(set: Result<FetchedSet, InvalidSet>) -> Self {
        set.map_or_else(Self::Invalid, Self::Seen)
    }
}

/// A set from a file, or from an address that was named.
pub(crate) fn read(named: &str, world: &mut World<'_>) -> Result<NamedSet, Error> {
    if Address::is_meant(named) {
        let address = Address::read(named).map_err(Usage::InvalidSetAddress)?;
        let text = fetch(&address, world)?
            .map_err(|why| Usage::SetNotFetched { address: address.to_string(), why })?;
        return Ok(NamedSet { name: address.to_string(), set: FetchedSet::read(&text) });
    }
    let bytes = store::snapshot(&world.path(Path::new(named))).map_err(Error::store(named))?;
    let set = std::str::from_utf8(&bytes).map_or(Err(InvalidSet::NotJson), FetchedSet::read);
    Ok(NamedSet { name: Named(named).to_string(), set })
}

/// What an address answers, or why that can't be used.
fn fetch(address: &Address, world: &mut World<'_>) -> Result<Result<String, Sentence>, Error> {
    if !address.is_https() && !address.is_near() {
        return Ok(Err(sentence!(
            "it is not asked unencrypted: `http://` is for this machine and for private names and addresses"
        )));
    }
    if address.has_login() {
        return Ok(Err(sentence!("it is not asked: there is a user name or a password in it")));
    }
    let options = AskOptions { timeout: TIMEOUT, certificates: Certificates::System };
    let ask = (world.ask)(options).map_err(|source| Error::CannotAsk { file: None, source })?;
    Ok(follow(ask.as_ref(), address))
}

fn follow(ask: &dyn Ask, address: &Address) -> Result<String, Sentence> {
    let mut at = address.clone();
    for _ in 0..=REDIRECTS {
        let answer = ask.fetch(&at).map_err(|why| sentence!("{why}"))?;
        match answer.status {
            200..=299 => return text_of(answer),
            300..=399 => at = sent_to(&at, &answer)?,
            status => return Err(sentence!("it answers {status}")),
        }
    }
    Err(sentence!("it sends on and on"))
}

/// Where a redirect leads, within the same host.
fn sent_to(at: &Address, answer: &HttpAnswer) -> Result<Address, Sentence> {
    let location = answer.location.as_deref().unwrap_or_default();
    let next = if location.starts_with('/') && !location.starts_with("//") {
        at.with_path(location)
    } else {
        Address::read(location).ok()
    };
    let next = next.filter(|next| next.origin() == at.origin());
    next.ok_or_else(|| {
        sentence!("it redirects to another host, which is not followed: name that address instead")
    })
}

fn text_of(answer: HttpAnswer) -> Result<String, Sentence> {
    if answer.cut {
        return Err(sentence!("its answer is larger than 1 MiB, which no set of keys is"));
    }
    if let Some(encoding) = &answer.encoding {
        return Err(sentence!(
            "its answer is compressed ({}), though nobody asked for that",
            Printable(encoding)
        ));
    }
    String::from_utf8(answer.body).map_err(|_| sentence!("its answer is not text"))
}
