//! `export`: a key handed out on purpose.

use std::path::PathBuf;

use clap::ValueEnum as _;
use clap::builder::PossibleValue;
use zeroize::Zeroizing;

use crate::base::text::Printable;
use crate::session::values::EnvFileArg;
use crate::session::arguments::{Format, FormatArgs, Global};
use crate::keyset::{Key, KeyName, KeySet, Member, Phase};
use crate::report::CannotExport;
use crate::report::export as form;
use crate::report::paint::warning_line;
use crate::session::mask::MaskArgs;
use crate::session::{Answer, Error, Usage, World, read, source};
use crate::store;

/// Hand out a signing key, for the backend
///
/// Shows a secret: that is its job. Without --out it goes to stdout.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks export --as env --out backend.env\n  powersync-jwks export --as node > powersync-token.mjs    a function that signs, without kid and secret\n  powersync-jwks export --as jwks --public                for services that only verify"
)]
pub(crate) struct Args {
    /// Which key: a kid, or @N [default: the current key; of `jwks`: all]
    #[arg(value_name = "KEY")]
    pub key: Option<KeyName>,
    /// In which form
    #[arg(long = "as", id = "as", value_name = "FORM", default_value = "env")]
    pub form: ExportForm,
    /// With `--as jwks`: leave symmetric keys out
    #[arg(long)]
    pub public: bool,
    /// Into a new file that only you may read, in place of stdout
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
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

/// In which form a key is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportForm {
    /// Assignments for kid and secret, as env files and shells read them
    Env,
    /// A JWK (RFC 7517)
    Jwk,
    /// A JWK set with all keys
    Jwks,
    /// The two values the form of PowerSync Cloud's dashboard asks for
    Dashboard,
    /// The secret's bytes and nothing else
    Raw,
    /// A function for Node that signs tokens; kid and secret stay in the environment
    Node,
    /// The same in TypeScript
    #[value(name = "typescript")]
    TypeScript,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    if args.public && args.form != ExportForm::Jwks {
        return Err(Usage::PublicOfSymmetric.into());
    }
    if args.out.is_some() && global.now.is_some() {
        return Err(Usage::OutAtOtherTime.into());
    }
    let source = source::one(global, world)?;
    let name = source.name();
    let keys = read::keys(global, &source, args.values.path(), world)?;
    let failed = |source| Error::Export { name: name.clone(), source };
    let (key, bytes) = if args.form == ExportForm::Jwks {
        (args.key.as_ref().map(ToString::to_string), jwks(args, &keys).map_err(failed)?)
    } else {
        let key = key_of(&keys, args.key.as_ref()).map_err(failed)?;
        let bytes = one(args.form, key, &keys).map_err(failed)?;
        if matches!(key.phase(world.clock.now()), Phase::Retiring { .. } | Phase::Removable { .. }) {
            let text = format!("{} is on its way out: nobody should sign with it any more", key.name());
            writeln!(world.stderr, "{}", warning_line(&text))?;
        }
        (Some(key.name()), bytes)
    };
    let form = args.form.to_possible_value();
    let head = form::Head { key: key.as_deref(), form: form.as_ref().map_or("", PossibleValue::get_name) };
    let Some(path) = &args.out else {
        args.mask.announce(&secrets(&keys, args), world)?;
        match args.output.format {
            Format::Human => world.stdout.write_all(&bytes)?,
            Format::Json => world.stdout.write_all(&head.json(&content(args.form, &bytes)))?,
        }
        world.stdout.flush()?;
        return Ok(Answer::Done);
    };
    let out = path.display().to_string();
    store::create(&world.path(path), &bytes, 0o600).map_err(Error::store(&out))?;
    if args.output.format == Format::Json {
        world.stdout.write_all(&head.json(&form::Content::Written(&out)))?;
        world.stdout.flush()?;
    }
    let has_secret = !matches!(args.form, ExportForm::Node | ExportForm::TypeScript);
    let delete = if has_secret { " Delete it once it is handed over." } else { "" };
    writeln!(world.stderr, "Written: {}, which only you may read.{delete}", Printable(&out))?;
    let full = world.path(path);
    if has_secret && store::git::root_of(&full).is_some() && !store::is_ignored(&full) {
        let text = format!("git does not ignore {}: the next `git add` would take the secret in", Printable(&out));
        writeln!(world.stderr, "{}", warning_line(&text))?;
    }
    Ok(Answer::Done)
}

/// The secrets that the output holds.
fn secrets(keys: &KeySet, args: &Args) -> Vec<Zeroizing<String>> {
    let all = args.form == ExportForm::Jwks && args.key.is_none();
    let chosen: Vec<&Key> =
        if all { keys.keys().iter().collect() } else { key_of(keys, args.key.as_ref()).into_iter().collect() };
    let is_public = args.public || args.form == ExportForm::Node;
    let known = chosen.into_iter().filter(|_| !is_public).filter_map(Key::secret);
    let forms = known.flat_map(|secret| {
        let text = std::str::from_utf8(secret.bytes()).ok().map(|text| Zeroizing::new(text.to_owned()));
        std::iter::once(secret.to_base64url()).chain(text)
    });
    forms.collect()
}

fn content(form: ExportForm, bytes: &[u8]) -> form::Content<'_> {
    match form {
        ExportForm::Env | ExportForm::Dashboard | ExportForm::Node | ExportForm::TypeScript => {
            form::Content::Text(bytes)
        }
        ExportForm::Raw => form::Content::Bytes(bytes),
        ExportForm::Jwk => form::Content::Json("jwk", bytes),
        ExportForm::Jwks => form::Content::Json("jwks", bytes),
    }
}

/// The named key, else the current one.
fn key_of<'k>(keys: &'k KeySet, name: Option<&KeyName>) -> Result<&'k Key, CannotExport> {
    match name {
        None => keys.current()?.ok_or(CannotExport::NoKey),
        // Where a kid is duplicated, the service takes the first.
        Some(name) => {
            keys.named(name).first().copied().ok_or_else(|| CannotExport::Unknown(name.to_string()))
        }
    }
}

fn one(form: ExportForm, key: &Key, keys: &KeySet) -> Result<Zeroizing<Vec<u8>>, CannotExport> {
    match form {
        ExportForm::Env => form::env(key),
        ExportForm::Dashboard => form::dashboard(key),
        ExportForm::Raw => Ok(Zeroizing::new(form::secret(key)?.bytes().to_vec())),
        ExportForm::Node | ExportForm::TypeScript => {
            let language = match form {
                ExportForm::TypeScript => form::Language::TypeScript,
                _ => form::Language::JavaScript,
            };
            let audiences = keys.audiences.iter().filter_map(Member::value).map(String::as_str);
            form::node(key, &audiences.collect::<Vec<_>>(), language)
        }
        ExportForm::Jwk | ExportForm::Jwks => Ok(form::jwk(key)?.document()),
    }
}

fn jwks(args: &Args, keys: &KeySet) -> Result<Zeroizing<Vec<u8>>, CannotExport> {
    let chosen: Vec<&Key> = match &args.key {
        None => keys.keys().iter().collect(),
        name => vec![key_of(keys, name.as_ref())?],
    };
    let chosen = chosen.into_iter().filter(|key| !args.public || key.is_public());
    let jwks: Result<Vec<form::Jwk>, _> = chosen.map(form::jwk).collect();
    Ok(form::jwks(&jwks?))
}
