//! What a new config is to be.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the data comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Database {
    /// PostgreSQL
    #[default]
    Postgresql,
    /// MongoDB
    Mongodb,
    /// MySQL
    Mysql,
    /// SQL Server
    Mssql,
    /// Convex
    Convex,
}

/// Where the service keeps what it syncs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Storage {
    /// MongoDB
    #[default]
    Mongodb,
    /// PostgreSQL
    Postgresql,
}

impl Database {
    /// As `type` names it in a config.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Mongodb => "mongodb",
            Self::Mysql => "mysql",
            Self::Mssql => "mssql",
            Self::Convex => "convex",
        }
    }

    /// A URI with words where a person has to fill in.
    #[must_use]
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql://USER:PASSWORD@HOST:5432/DATABASE",
            Self::Mongodb => "mongodb://USER:PASSWORD@HOST:27017/DATABASE",
            Self::Mysql => "mysql://USER:PASSWORD@HOST:3306/DATABASE",
            Self::Mssql => "mssql://USER:PASSWORD@HOST:1433/DATABASE",
            Self::Convex => "<https://NAME.convex.cloud>",
        }
    }
}

impl Storage {
    /// As `type` names it in a config.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        self.database().name()
    }

    /// A URI with words where a person has to fill in.
    #[must_use]
    pub(crate) fn placeholder(self) -> &'static str {
        self.database().placeholder()
    }

    fn database(self) -> Database {
        match self {
            Self::Mongodb => Database::Mongodb,
            Self::Postgresql => Database::Postgresql,
        }
    }
}

/// How the service reaches a PostgreSQL server. With TLS to one that has none, it says "postgres query failed" and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tls {
    /// It has TLS, and its certificate is checked
    #[default]
    Yes,
    /// It has none: for private networks only
    No,
}

impl Tls {
    /// As `sslmode` has it in a config, with a word on it.
    pub(super) fn sslmode(self) -> &'static str {
        match self {
            Self::Yes => {
                "verify-full # a server without TLS needs 'disable', which is for private networks only"
            }
            Self::No => "disable # without TLS, which is for private networks only",
        }
    }
}

/// Where the secrets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretLocation {
    /// Into an env file, with `!env PS_…` in the config.
    Env {
        /// Whether a Compose file passes them on, and runs the storage database, too.
        compose: bool,
    },
    /// Into the config, in plaintext.
    Inline,
}

/// How the files are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FileLayout {
    /// powersync.yaml and .env, side by side
    #[default]
    Service,
    /// powersync/service.yaml and powersync/docker/.env, as PowerSync's own command line keeps them
    Cli,
}

/// Where each file goes, from the directory of the new config.
pub(crate) struct Paths {
    /// The config.
    pub config: PathBuf,
    /// What each user may sync, beside it.
    pub sync_config: PathBuf,
    /// The values of the variables.
    pub env: PathBuf,
    /// Their names.
    pub env_example: PathBuf,
    /// The Compose file, beside the env file, where Compose looks for it.
    pub compose: PathBuf,
    /// What PowerSync's own command line reads.
    pub cli: Option<PathBuf>,
}

impl FileLayout {
    /// Where each file goes.
    #[must_use]
    pub(crate) fn paths(self) -> Paths {
        match self {
            Self::Service => Paths {
                config: "powersync.yaml".into(),
                sync_config: "sync-config.yaml".into(),
                env: ".env".into(),
                env_example: ".env.example".into(),
                compose: "compose.yaml".into(),
                cli: None,
            },
            Self::Cli => Paths {
                config: "powersync/service.yaml".into(),
                sync_config: "powersync/sync-config.yaml".into(),
                env: "powersync/docker/.env".into(),
                env_example: "powersync/docker/.env.example".into(),
                compose: "powersync/docker/docker-compose.yaml".into(),
                cli: Some("powersync/cli.yaml".into()),
            },
        }
    }
}

/// The audience of tokens (RFC 7519, section 4.1.3): not empty, free of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenAudience(String);

/// Why a text can't be an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidAudience {
    /// Nothing in it.
    #[error("an audience can't be empty")]
    Empty,
    /// Characters that don't survive files and headers.
    #[error("an audience can't contain control characters or begin or end with a space")]
    Characters,
}

impl FromStr for TokenAudience {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err(InvalidAudience::Empty),
            _ if text.trim() != text => Err(InvalidAudience::Characters),
            _ if text
                .chars()
                .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) =>
            {
                Err(InvalidAudience::Characters)
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl Default for TokenAudience {
    fn default() -> Self {
        Self("powersync".to_owned())
    }
}

impl TokenAudience {
    /// The text, as tokens carry it.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a new config is to be.
#[derive(Clone, Debug)]
pub(crate) struct ConfigOptions {
    /// Where the data comes from.
    pub source: Database,
    /// Where the service keeps what it syncs.
    pub storage: Storage,
    /// Whether the PostgreSQL servers among them have TLS.
    pub tls: Tls,
    /// Where the secrets go.
    pub secrets: SecretLocation,
    /// The audience of tokens; at least one.
    pub audience: Vec<TokenAudience>,
    /// Where the service listens, from 1.
    pub port: u16,
    /// Where the files go.
    pub layout: FileLayout,
    /// The name of the directory, of which Compose makes the name of its containers.
    pub directory: String,
}

impl ConfigOptions {
    /// Whether a PostgreSQL server is reached that isn't run beside the service.
    pub(crate) fn reaches_postgresql(source: Database, storage: Storage, compose: bool) -> bool {
        source == Database::Postgresql || storage == Storage::Postgresql && !compose
    }

    /// Whether the storage database runs beside the service.
    pub(super) fn runs_storage(&self) -> bool {
        matches!(self.secrets, SecretLocation::Env { compose: true })
    }

    /// The name PowerSync's own command line gives the Compose project of this directory.
    pub(super) fn project(&self) -> String {
        let mut name = String::from("powersync_");
        for c in self.directory.to_lowercase().chars() {
            match c {
                'a'..='z' | '0'..='9' | '_' | '.' => name.push(c),
                _ if name.ends_with(['-', '_']) => {}
                _ => name.push('-'),
            }
        }
        name.trim_end_matches('-').to_owned()
    }
}

/// `cli.yaml`: that this is self-hosted, and where. The admin token comes from `PS_ADMIN_TOKEN`.
pub(super) fn cli_text(options: &ConfigOptions) -> String {
    let mut text = format!(
        "# yaml-language-server: $schema=https://unpkg.com/@powersync/cli-schemas@latest/json-schema/cli-config.json\n\n\
         # For PowerSync's own command line. It takes the admin token from the environment: PS_ADMIN_TOKEN\n\
         type: self-hosted\n\
         api_url: http://localhost:{}\n",
        options.port
    );
    if options.runs_storage() {
        // Writing to a string can't fail.
        let _ = write!(text, "plugins:\n  docker:\n    project_name: {}\n", options.project());
    }
    text
}
