//! Groups of arguments that several commands share.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::base::time::{NumericDate, Seconds};
use crate::config::Input;
use crate::init::{Database, FileLayout, SecretLocation, Storage, Tls, TokenAudience};
use crate::keyset::Encoding;
use crate::rules::{RULES, Rule, rule};
use crate::schedule::{MAX_TOKEN_TTL, RefusalId};
use crate::session::mask::MaskArgs;
use crate::session::{Error, Source, Usage};

/// What holds for every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// The config; `-` reads it from stdin and writes the new one to stdout. `rotate`, `promote` and `add` take several
    #[arg(short, long, value_name = "PATH", global = true)]
    pub config: Vec<PathBuf>,
    /// How to read a config whose name doesn't tell: yaml or json
    #[arg(long, value_name = "SYNTAX", global = true, hide_possible_values = true)]
    pub input: Option<Input>,
    /// The config is base64; without `-c`, that of the variable `POWERSYNC_CONFIG_B64`
    #[arg(long, global = true)]
    pub base64: bool,
    /// Which entry of a Kubernetes Secret or `ConfigMap` holds the config, where several could: NAME, or KIND/OBJECT/NAME
    #[arg(long, value_name = "NAME", global = true)]
    pub entry: Option<String>,
    /// Below which members of another file the config is, such as chart values: a.b.c
    #[arg(long, value_name = "PATH", global = true)]
    pub at: Vec<At>,
    /// Override the clock, to look ahead; no file is written then
    #[arg(long, value_name = "RFC3339", global = true)]
    pub now: Option<NumericDate>,
    /// Say nothing beside the output: the exit code tells. Errors are told
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour: auto, always or never
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, hide_possible_values = true)]
    pub color: Color,
}

impl Global {
    /// Below which members the config is.
    pub(crate) fn path_inside(&self) -> Option<&str> {
        self.at.iter().find_map(|at| if let At::Path(path) = at { Some(path.as_str()) } else { None })
    }
}

/// A place or a time: `retire` and `verify` take a date under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Date(NumericDate),
    Path(String),
}

impl std::str::FromStr for At {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Path(text.to_owned()), Self::Date))
    }
}

impl At {
    /// The date among them.
    pub(crate) fn date(all: &[Self]) -> Option<NumericDate> {
        all.iter().find_map(|at| if let Self::Date(date) = at { Some(*date) } else { None })
    }
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a changing command ends.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Writing")]
pub(crate) struct Ending {
    /// Write without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would change and write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Override this refusal
    #[arg(long, value_name = "ID", value_delimiter = ',', hide_possible_values = true)]
    pub allow: Vec<RefusalId>,
}

/// What holds for all configs of a repository.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PolicyArgs {
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
}

impl PolicyArgs {
    /// With no span beside it.
    pub(crate) fn times(&self) -> Times {
        Times { policy: self.clone(), ..Times::default() }
    }
}

/// How long things take.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "How long things take")]
pub(crate) struct Times {
    /// From the write until every replica has restarted, review and merge included [default: 72h]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub deploy_within: Option<Seconds>,
    /// From then until every backend signs with the new key [default: 24h]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub rollout: Option<Seconds>,
    /// The longest life of your backend's tokens, at most 24h [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = token_ttl, allow_hyphen_values = true)]
    pub token_ttl: Option<Seconds>,
    /// The policy file.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// How long the outgoing key stays, in place of the sum of the above
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, conflicts_with_all = ["deploy_within", "rollout"])]
    pub overlap: Option<Seconds>,
}

pub(crate) fn token_ttl(text: &str) -> Result<Seconds, String> {
    let ttl: Seconds = text.parse().map_err(|error: crate::base::time::InvalidDuration| error.to_string())?;
    if ttl > MAX_TOKEN_TTL {
        return Err("the service rejects tokens that live longer than 24h (PSYNC_S2104)".to_owned());
    }
    Ok(ttl)
}

/// A schedule: how often keys are replaced, and how long things take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The schedule")]
pub(crate) struct ScheduleArgs {
    /// How old the current key gets [default: 90d]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub rotate_every: Option<Seconds>,
    /// How long a new key waits before it is promoted [default: deploy within]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub standby: Option<Seconds>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
}

/// Where the new key comes from.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "The new key")]
pub(crate) struct NewKeyArgs {
    /// Its kid, in place of a fresh one such as 2026-11-23-k7f3q9
    #[arg(long)]
    pub kid: Option<String>,
    /// Import a secret from stdin
    #[arg(long, conflicts_with = "secret_file", requires = "encoding")]
    pub secret_stdin: bool,
    /// Import a secret from a file
    #[arg(long, value_name = "PATH", requires = "encoding")]
    pub secret_file: Option<PathBuf>,
    /// How the imported secret is written
    #[arg(long)]
    pub encoding: Option<Encoding>,
    /// Where its secret goes.
    #[command(flatten)]
    pub secret: SecretArgs,
}

impl NewKeyArgs {
    /// Whether they are about one key, and so about one config.
    pub(crate) fn is_for_one(&self) -> bool {
        let to = &self.secret.destination;
        let imports = self.kid.is_some() || self.secret_stdin || self.secret_file.is_some();
        imports || to.env_name.is_some() || to.secret_out.is_some() || to.print_secret
    }

    /// Fails where several configs would get the same key.
    pub(crate) fn check_alone(&self, sources: &[Source]) -> Result<(), Error> {
        if sources.len() < 2 || !self.is_for_one() {
            return Ok(());
        }
        Err(Usage::OneKey.into())
    }
}

/// Where a new key's secret goes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Where its secret goes")]
pub(crate) struct SecretArgs {
    /// Into a variable (env) or into the config (inline) [default: as the key in use has it]
    #[arg(long, value_name = "WHERE", hide_possible_values = true)]
    pub secrets: Option<SecretPlace>,
    /// The variable and who gets its value.
    #[command(flatten)]
    pub destination: DestinationArgs,
}

/// Who gets the value of a variable.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Where its secret goes")]
pub(crate) struct DestinationArgs {
    /// The variable [default: the lowest free one of `PS_JWKS_KEY_1`, `PS_JWKS_KEY_2`, …]
    #[arg(long, value_name = "NAME")]
    pub env_name: Option<String>,
    /// The dotenv file [default: that of the policy, else the one near the config that defines the old variable]
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// Write the secret into a new file of its own, for a secrets manager
    #[arg(long, value_name = "PATH", conflicts_with = "env_file")]
    pub secret_out: Option<PathBuf>,
    /// Print NAME=secret on stdout
    #[arg(long, conflicts_with_all = ["env_file", "secret_out"])]
    pub print_secret: bool,
    /// Whether CI is told of it.
    #[command(flatten)]
    pub mask: MaskArgs,
}

/// What becomes of variables that nothing uses any more.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Variables")]
pub(crate) struct DropArgs {
    /// Drop variables from the env file that nothing in the config uses any more: these, else those of the removed keys.
    /// One that another config near it refers to stays
    #[arg(long, value_name = "NAME", num_args = 0.., require_equals = true, value_delimiter = ',')]
    pub drop_env: Option<Vec<String>>,
    /// The dotenv file [default: that of the policy, else the one near the config that defines them]
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
}

/// Where a new secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecretPlace {
    /// Into a variable: `k: !env NAME`
    Env,
    /// Into the config, in plaintext
    Inline,
}

/// A new config.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Where the data comes from [default: postgresql]
    #[arg(long, value_name = "DATABASE")]
    pub source: Option<Database>,
    /// The storage database [default: mongodb]
    #[arg(long, value_name = "DATABASE")]
    pub storage: Option<Storage>,
    /// Whether its PostgreSQL servers have TLS [default: yes]
    #[arg(long, value_name = "YES|NO", hide_possible_values = true)]
    pub tls: Option<Tls>,
    /// Where the secrets go: env (an env file) or inline (the config, in plaintext)
    #[arg(long, value_name = "WHERE", default_value = "env", hide_possible_values = true)]
    pub secrets: SecretPlace,
    /// Token audience (`aud`); may be given several times [default: powersync]
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Vec<TokenAudience>,
    /// Where the service listens [default: 8080]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// How the files are laid out
    #[arg(long, value_name = "LAYOUT", default_value = "service")]
    pub layout: FileLayout,
    /// A Compose file, too, which passes the variables and runs the storage database
    #[arg(long)]
    pub compose: bool,
}

impl ConfigArgs {
    /// Where the secrets go.
    pub(crate) fn secrets(&self) -> Result<SecretLocation, Error> {
        match (self.secrets, self.compose) {
            (SecretPlace::Env, compose) => Ok(SecretLocation::Env { compose }),
            (SecretPlace::Inline, false) => Ok(SecretLocation::Inline),
            (SecretPlace::Inline, true) => Err(Usage::ComposeInline.into()),
        }
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

/// How the output is written.
#[derive(Debug, clap::Args)]
pub(crate) struct FormatArgs {
    /// How to write the output
    #[arg(long, default_value = "human")]
    pub format: Format,
}

/// How running services are asked.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Asking the running service")]
pub(crate) struct AskArgs {
    /// Ask every address of the name
    #[arg(long)]
    pub all_addresses: bool,
    /// How many fresh connections to ask on, for a load balancer with replicas behind it [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub tries: Option<u16>,
    /// How long an answer may take [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub timeout: Option<Seconds>,
    /// Trust the certificates of this file (PEM), in place of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Trust any certificate: a machine in the middle can answer for the service
    #[arg(long, conflicts_with = "ca")]
    pub insecure: bool,
}

/// Asking running services before something is written.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Asking the running service")]
pub(crate) struct ProbeArgs {
    /// Ask the service at this URL which keys it knows; several times for several [default: the policy's `probe`]
    #[arg(long = "probe", id = "probe", value_name = "URL")]
    pub urls: Vec<String>,
    /// Don't ask, although the policy says so
    #[arg(long, conflicts_with = "probe")]
    pub no_probe: bool,
    /// Where nothing is written, too, ask the addresses that only the policy names
    #[arg(long, conflicts_with_all = ["probe", "no_probe"])]
    pub probe_policy: bool,
    /// How.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// Which rules run.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Only this rule; may be given several times
    #[arg(long, value_name = "RULE", value_parser = rule_name(), hide_possible_values = true, value_delimiter = ',')]
    pub rule: Vec<RuleName>,
    /// Not this rule; may be given several times
    #[arg(long, value_name = "RULE", value_parser = rule_name(), hide_possible_values = true, value_delimiter = ',')]
    pub skip: Vec<RuleName>,
    /// Also the pedantic rules: keys without a date
    #[arg(long)]
    pub pedantic: bool,
}

/// A rule, by its id.
#[derive(Clone, Copy)]
pub(crate) struct RuleName(pub &'static Rule);

impl std::fmt::Debug for RuleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.id)
    }
}

pub(crate) fn rule_name() -> impl TypedValueParser<Value = RuleName> {
    PossibleValuesParser::new(RULES.iter().map(|rule| rule.id))
        .try_map(|id| rule(&id).map(RuleName).ok_or("there is no such rule"))
}

/// What is made an error.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deny {
    /// All warnings but those that time alone causes.
    Warnings,
    /// What can't be looked at.
    NotCompared,
    /// What this rule finds.
    Rule(RuleName),
}

pub(crate) fn deny() -> impl TypedValueParser<Value = Deny> {
    let ids = ["warnings", "not-compared"].into_iter().chain(RULES.iter().map(|rule| rule.id));
    PossibleValuesParser::new(ids).try_map(|id| match id.as_str() {
        "warnings" => Ok(Deny::Warnings),
        "not-compared" => Ok(Deny::NotCompared),
        id => rule(id).map(|rule| Deny::Rule(RuleName(rule))).ok_or("there is no such rule"),
    })
}
