//! What is asked for a new config.

use clap::ValueEnum;

use super::directory::Directory;
use crate::init::{ConfigOptions, Database, SecretLocation, Storage, Tls, TokenAudience};
use crate::session::arguments::ConfigArgs;
use crate::session::question::{Asks, until_read};
use crate::session::{Error, World};

/// What the options say; what they leave open is asked.
pub(crate) fn options(
    args: &ConfigArgs,
    secrets: SecretLocation,
    directory: &Directory,
    asks: Asks,
    world: &mut World<'_>,
) -> Result<ConfigOptions, Error> {
    let (mut source, mut storage) = (args.source, args.storage);
    let (mut audience, mut port, mut tls) = (args.audience.clone(), args.port, args.tls);
    if asks == Asks::Person {
        if source.is_none() {
            source = Some(choose("Source database, where the data comes from", &Database::default(), world)?);
        }
        if storage.is_none() {
            storage = Some(choose(
                "Storage database, where the service keeps what it syncs",
                &Storage::default(),
                world,
            )?);
        }
        if audience.is_empty() {
            let question = "Token audience (`aud`): any text that your backend writes into its tokens, such as your app's name";
            let default = TokenAudience::default();
            audience = vec![answer((question, default.as_str()), "text", world, |text| text.parse().ok())?];
        }
        if port.is_none() {
            let read = |text: &str| text.parse().ok().filter(|port| *port > 0);
            port = Some(answer(("Port of the service", "8080"), "a number from 1 to 65535", world, read)?);
        }
        let postgresql = ConfigOptions::reaches_postgresql(
            source.unwrap_or_default(),
            storage.unwrap_or_default(),
            args.compose,
        );
        if tls.is_none() && postgresql {
            let question = "TLS of the PostgreSQL server (a local one often has none)";
            tls = Some(choose(question, &Tls::default(), world)?);
        }
        writeln!(world.stderr)?;
    }
    if audience.is_empty() {
        audience.push(TokenAudience::default());
    }
    Ok(ConfigOptions {
        source: source.unwrap_or_default(),
        storage: storage.unwrap_or_default(),
        tls: tls.unwrap_or_default(),
        secrets,
        audience,
        port: port.unwrap_or(8080),
        layout: args.layout,
        directory: directory.own_name(),
    })
}

/// One of several words.
fn choose<T: ValueEnum>(question: &str, default: &T, world: &mut World<'_>) -> Result<T, Error> {
    let name = |value: &T| value.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
    let names = T::value_variants().iter().map(name).collect::<Vec<_>>().join(", ");
    let (question, expected) = (format!("{question}: {names}"), format!("one of {names}"));
    answer((&question, &name(default)), &expected, world, |text| T::from_str(text, true).ok())
}

/// A question that shows its default.
fn answer<T>(
    (question, default): (&str, &str),
    expected: &str,
    world: &mut World<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    until_read((&format!("{question}? [{default}]"), default), expected, world, read)
}
