//! `token`: one token, signed.

use std::path::Path;

use crate::cli::{Global, Token};
use crate::keyset::Member;
use crate::report::paint::warning_line;
use crate::session::World;
use crate::session::{Answer, read, source};
use crate::session::{Error, Source};
use crate::store;
use crate::token::{Claims, InvalidClaims, Signer, Verdict, Verifier, read_claims};

pub(super) fn run(global: &Global, args: &Token, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let name = source.name();
    let keys = read::keys(global, &source, args.env_file.as_deref(), world)?;
    let now = world.clock.now();
    let signer = Signer::new(&keys, args.kid.as_ref(), now).map_err(Error::token(&name))?;
    let mut claims = Claims::new(args.sub.as_str(), now, args.ttl)?;
    if let Some(path) = &args.claims {
        for (name, value) in read_claims(&claims_text(path, &source, world)?)? {
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
    let audience = if args.aud.is_empty() { signer.audiences().to_vec() } else { args.aud.clone() };
    if audience.is_empty() {
        let variable = keys.audiences.iter().find_map(|audience| match audience {
            Member::Variable(name) => Some(name.as_str()),
            _ => None,
        });
        let why = variable.map_or_else(
            || "PowerSync Cloud's audience, the URL of the instance, is not in this file".to_owned(),
            |name| format!("the audience is in the variable {name}, whose value is not known here"),
        );
        return Err(Error::Usage(format!("{why}. Give it: `--aud AUDIENCE`")));
    }
    let token = signer.sign(&claims.with_audience(audience))?;
    writeln!(world.stdout, "{token}")?;
    world.stdout.flush()?;
    match Verifier::new(&keys).map_err(Error::token(&name))?.verify(&token, now) {
        Verdict::Rejected(why) => {
            let text = format!("the service rejects this token: {} {why}", why.code());
            writeln!(world.stderr, "{}", warning_line(&text))?;
        }
        Verdict::NotJudged(why) => {
            writeln!(world.stderr, "note: whether the service accepts it can't be told here: {why}")?;
        }
        Verdict::Accepted(_) => {}
    }
    Ok(Answer::Done)
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
