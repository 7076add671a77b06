//! The text of a new config.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::options::{ConfigOptions, Database, FileLayout, SecretLocation, Storage};
use super::secrets::{FirstKey, Secrets};
use super::variables::{DEPLOY_KEY, DEPLOY_KEY_FORM, KEY, SOURCE_URI, STORAGE_PASSWORD, STORAGE_URI, TOKEN};

/// The storage database's name in the Compose network.
pub(super) const STORAGE_HOST: &str = "powersync-storage";

const DOCS: &str = "https://docs.powersync.com/configuration";

pub(super) fn text(options: &ConfigOptions, key: &FirstKey, secrets: &Secrets) -> Zeroizing<String> {
    // Of its size at once: a string that grows leaves its secrets behind in the memory it gives back.
    let mut text = Zeroizing::new(String::with_capacity(8192));
    // Writing to a string can't fail.
    let _ = write_text(&mut text, options, key, secrets);
    text
}

/// A variable, or the text itself.
fn value(options: &ConfigOptions, variable: &str, literal: &str) -> Zeroizing<String> {
    Zeroizing::new(match options.secrets {
        SecretLocation::Env { .. } => format!("!env {variable}"),
        SecretLocation::Inline => quoted(literal),
    })
}

fn write_text(
    text: &mut String,
    options: &ConfigOptions,
    FirstKey { kid, made }: &FirstKey,
    secrets: &Secrets,
) -> std::fmt::Result {
    let (schema, kind) = match options.layout {
        FileLayout::Service => ("@powersync/service-schema@latest/json-schema/powersync-config.json", ""),
        FileLayout::Cli => {
            ("@powersync/cli-schemas@latest/json-schema/service-config.json", "_type: self-hosted\n\n")
        }
    };
    writeln!(text, "# yaml-language-server: $schema=https://unpkg.com/{schema}\n")?;
    writeln!(text, "# PowerSync Service. All settings: {DOCS}/powersync-service/self-hosted-instances")?;
    if let SecretLocation::Env { .. } = options.secrets {
        let env = match options.layout {
            FileLayout::Service => ".env",
            FileLayout::Cli => "docker/.env",
        };
        writeln!(
            text,
            "# The service replaces `!env PS_…` by that variable when it starts. The values are in {env}"
        )?;
    }
    write!(text, "\n{kind}")?;

    write_databases(text, options)?;
    writeln!(text, "\n# Where clients and tools connect\nport: {}", options.port)?;
    writeln!(text, "\n# What each user may sync\nsync_config:\n  path: sync-config.yaml")?;

    writeln!(text, "\n# How users prove who they are\nclient_auth:")?;
    writeln!(
        text,
        "  # Token audience: the `aud` of each token has to be one of these. Any text will do, as long as your"
    )?;
    writeln!(text, "  # backend writes the same; another one for each environment keeps their tokens apart")?;
    let audience: Vec<String> = options.audience.iter().map(|audience| quoted(audience.as_str())).collect();
    writeln!(text, "  audience: [{}]", audience.join(", "))?;
    writeln!(
        text,
        "  # Keys shared with the backend, which signs with the first of them. `powersync-jwks rotate` replaces it"
    )?;
    writeln!(
        text,
        "  jwks:\n    keys:\n      - kty: oct\n        alg: 'HS256'\n        kid: {}",
        quoted(kid.as_str())
    )?;
    writeln!(text, "        k: {}", *value(options, KEY, &secrets.key))?;
    writeln!(text, "        iat: {} # made {made}", made.seconds())?;

    writeln!(text, "\n# Who may use the admin API, such as PowerSync's own command line")?;
    writeln!(text, "api:\n  tokens:\n    - {}", *value(options, TOKEN, &secrets.token))?;

    writeln!(text, "\n# Whether PowerSync gets anonymous usage numbers; true turns that off")?;
    writeln!(text, "telemetry:\n  disable_telemetry_sharing: false")?;

    writeln!(text, "\n# GET /probes/liveness, for the container's health check")?;
    writeln!(text, "healthcheck:\n  probes:\n    use_http: true")
}

fn write_databases(text: &mut String, options: &ConfigOptions) -> std::fmt::Result {
    writeln!(text, "# Where the data comes from. How to prepare it: {DOCS}/source-db/setup")?;
    writeln!(text, "replication:\n  connections:\n    - type: {}", options.source.name())?;
    let fill_in = if options.secrets == SecretLocation::Inline { " # fill in" } else { "" };
    let member = if options.source == Database::Convex { "deployment_url" } else { "uri" };
    writeln!(text, "      {member}: {}{fill_in}", *value(options, SOURCE_URI, options.source.placeholder()))?;
    match options.source {
        Database::Postgresql => writeln!(text, "      sslmode: {}", options.tls.sslmode())?,
        Database::Mongodb => writeln!(
            text,
            "      post_images: auto_configure # the service sets up collections for consistent changes"
        )?,
        Database::Convex => {
            writeln!(text, "      deploy_key: {}{fill_in}", *value(options, DEPLOY_KEY, DEPLOY_KEY_FORM))?;
        }
        Database::Mysql | Database::Mssql => {}
    }

    writeln!(text, "\n# The storage database")?;
    writeln!(text, "storage:\n  type: {}", options.storage.name())?;
    match (options.runs_storage(), options.storage) {
        (false, storage) => {
            writeln!(text, "  uri: {}{fill_in}", *value(options, STORAGE_URI, storage.placeholder()))?;
            if storage == Storage::Postgresql {
                writeln!(text, "  sslmode: {}", options.tls.sslmode())?;
            }
        }
        (true, Storage::Mongodb) => {
            writeln!(
                text,
                "  uri: mongodb://{STORAGE_HOST}:27017/powersync # run by Compose, and reached by the service only"
            )?;
        }
        (true, Storage::Postgresql) => {
            writeln!(text, "  hostname: {STORAGE_HOST} # run by Compose, and reached by the service only")?;
            writeln!(text, "  database: powersync\n  username: powersync")?;
            writeln!(text, "  password: !env {STORAGE_PASSWORD}\n  sslmode: disable")?;
        }
    }
    Ok(())
}

/// Text in single quotes, as YAML takes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
