//! The command line, declared.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::base::time::{NumericDate, Seconds};
use crate::config::Input;
use crate::init::{Audience, Database, Layout, Storage};
use crate::keyset::{Encoding, HmacAlg, KeyName};
use crate::report::findings::FindingsFormat;
use crate::rules::{RULES, Rule, rule};
use crate::schedule::{MAX_TOKEN_TTL, RefusalId};

const HELP: &str = "\
{about}

{usage-heading} {usage}

Rotate
  status     Show all keys: state, age, when each may be removed   (also: list)
  rotate     Put a fresh key first and retire the one in use
  promote    Let a standby key take the first place
  prune      Remove the keys whose time is over
  reconcile  Do what the schedule says is due: put this on a timer
  timeline   Show what will happen to each key, and when

Review
  check      Find what would break or weaken a config
  diff       Say what a change does to users
  redact     Print a config without its secrets

Set up
  init         Write a new config, with secrets where they belong
  add          Add a key, fresh or imported
  move-secret  Move a key's secret into a variable, or back

Tokens
  token      Print a token that is signed with the current key
  verify     Say whether the service accepts a token, and if not, why
  export     Hand out a signing key, for the backend
  probe      Ask the running service which keys it knows

Emergency
  retire     Mark keys to be removed later; --undo takes it back
  remove     Remove keys at once

Options
{options}

Examples
  powersync-jwks status
  powersync-jwks rotate --dry-run
  powersync-jwks rotate --token-ttl 1h --deploy-within 2h
  powersync-jwks -c powersync.json prune --yes
  powersync-jwks diff --git                  what this branch does to the keys
  powersync-jwks token --sub user-1 | powersync-jwks verify
  kubectl get cm powersync -o json | jq -r '.data[\"powersync.yaml\"]' | powersync-jwks -c - rotate > new.yaml

`powersync-jwks COMMAND --help` says more about each.
";

/// Rotate, retire and review the JWT signing keys of a self-hosted PowerSync Service
#[derive(Debug, Parser)]
#[command(name = "powersync-jwks", version, about, help_template = HELP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every command")]
pub struct Global {
    /// The config; `-` reads it from stdin and writes the new one to stdout
    #[arg(short, long, value_name = "PATH", global = true)]
    pub config: Option<PathBuf>,
    /// How to read a config whose name doesn't tell: yaml or json
    #[arg(long, value_name = "SYNTAX", global = true, hide_possible_values = true)]
    pub input: Option<Input>,
    /// The config is base64; without `-c`, that of the variable `POWERSYNC_CONFIG_B64`
    #[arg(long, global = true)]
    pub base64: bool,
    /// Which entry of a Kubernetes Secret's `data` holds the config, where several could
    #[arg(long, value_name = "NAME", global = true)]
    pub entry: Option<String>,
    /// Pretend it is another time, to look ahead; no file is written then
    #[arg(long, value_name = "RFC3339", global = true)]
    pub now: Option<NumericDate>,
    /// When to use colour: auto, always or never
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, hide_possible_values = true)]
    pub color: Color,
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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all keys: state, age, when each may be removed
    ///
    /// States: current (signs), accepted (verifies), standby (waits to be promoted), retiring (still verifies, has
    /// an end), removable (its end has come; the service accepts it until it is out of the file and has restarted),
    /// public (verifies tokens signed elsewhere).
    #[command(visible_alias = "list")]
    Status(Status),
    /// Put a fresh key first and retire the one in use
    ///
    /// The outgoing key stays until no token signed with it can be valid any more: the time to deploy, plus the time
    /// until every backend signs with the new key, plus the life of a token, plus 60 s (the service's tolerance) and
    /// 5 min (clocks differ). By default that is 5 days and 6 minutes.
    #[command(
        after_help = "One step is for a config on one machine. Where it is kept in git, has its secrets in variables, or is read by\nseveral replicas, two steps are safer: `rotate --standby`, deploy, and `promote` when its time has come.\n\nExamples:\n  powersync-jwks rotate --dry-run            look first\n  powersync-jwks rotate --standby            the new key waits until every replica knows it\n  powersync-jwks rotate --token-ttl 1h --deploy-within 30m --rollout 30m\n  powersync-jwks rotate --revoke             the secret leaked, or is a placeholder"
    )]
    Rotate(Rotate),
    /// Let a standby key take the first place
    ///
    /// The second step of a rotation, once every replica knows the new key. The key that was current is retired,
    /// counted from now.
    Promote(Promote),
    /// Do what the schedule says is due: put this on a timer
    ///
    /// Per config the first that applies: promote a standby key whose time has come, add a new one where the current
    /// key is older than `rotate_every`, remove what is removable. Nothing due is fine. Runs that were missed do no
    /// harm: times are counted from what was really done.
    #[command(
        after_help = "Examples:\n  powersync-jwks reconcile --yes                       from a timer\n  powersync-jwks reconcile --check instances/*.yaml    an alarm: exit 1 when something is due"
    )]
    Reconcile(Reconcile),
    /// Show what will happen to each key, and when
    ///
    /// Looks ahead with the decisions `reconcile` takes, as if it ran the moment something is due.
    Timeline(Timeline),
    /// Remove the keys whose time is over
    ///
    /// Removes what `status` calls removable, and never the current key. Nothing to remove is fine: exit 0.
    Prune(Prune),
    /// Find what would break or weaken a config
    ///
    /// Errors keep the service from starting, lock users out, or let anyone in. Without `--env-file` nothing behind
    /// `!env` is looked at. `# powersync-jwks: ignore[RULE] reason` silences a rule, at a key or for the file.
    #[command(
        after_help = "All rules: docs/rules.md\n\nExit codes: 0 no errors, 1 errors found, 2 a file could not be read.\n\nExamples:\n  powersync-jwks check\n  powersync-jwks check --format github .       all configs below this folder, in GitHub Actions\n  powersync-jwks check --fix                   correct what is safe to correct\n  powersync-jwks check --deny warnings --skip missing-kid"
    )]
    Check(Check),
    /// Say what a change does to users
    ///
    /// Key events in plain words, the text without its secrets, what would lock users out, and in which order to deploy.
    #[command(
        after_help = "Exit codes: 0 no errors, 1 errors found (or, with --exit-code, any difference), 2 it could not be compared.\n\nExamples:\n  powersync-jwks diff old.yaml new.yaml\n  powersync-jwks diff --git                     this branch and the one it is merged into\n  powersync-jwks diff --git HEAD~1 -- powersync.yaml\n  powersync-jwks diff --git --format markdown >> \"$GITHUB_STEP_SUMMARY\""
    )]
    Diff(DiffArgs),
    /// Print a config without its secrets
    ///
    /// For logs, bug reports and `git diff`: equal secrets get the same number within one output. A
    /// file that can't be read as a config is not printed at all.
    #[command(
        after_help = "In git, so that `git diff` shows no secret:\n  echo 'powersync.yaml diff=powersync' >> .gitattributes\n  git config diff.powersync.textconv 'powersync-jwks redact'"
    )]
    Redact(Redact),
    /// Write a new config, with secrets where they belong
    ///
    /// A complete config for a self-hosted service, an env file with fresh secrets (`--secrets inline`: in the config
    /// itself), and a sync config to begin with. A file that is there is completed or left alone, never replaced. On a
    /// terminal it asks what isn't said by an option; elsewhere it takes the defaults.
    #[command(
        after_help = "Examples:\n  powersync-jwks init                                   asks, shows, writes\n  powersync-jwks init --compose --yes                   with a storage database, in containers\n  powersync-jwks init --source mongodb --audience https://sync.example.com --dir sync\n  powersync-jwks init --layout cli                      as PowerSync's own command line keeps it\n  powersync-jwks init --fill                            the secrets that an existing config lacks"
    )]
    Init(Init),
    /// Add a key, fresh or imported
    ///
    /// The new key goes last. It verifies beside the others; the current key stays the one that signs.
    #[command(
        after_help = "Examples:\n  powersync-jwks add\n  openssl rand -base64 32 | powersync-jwks add --secret-stdin --encoding text\n  powersync-jwks add --alg HS512 --kid reports"
    )]
    Add(Add),
    /// Move a key's secret into a variable, or back
    ///
    /// `k: 'abc…'` becomes `k: !env PS_…` and a line of an env file. It is the same key: nothing changes for your backend.
    #[command(
        after_help = "Examples:\n  powersync-jwks move-secret prod-1 --to env --env-file .env\n  powersync-jwks move-secret prod-1 --to env --secret-out secret.txt   for a secrets manager\n  powersync-jwks move-secret prod-1 --to inline --env-file .env"
    )]
    MoveSecret(MoveSecret),
    /// Print a token that is signed with the current key
    ///
    /// To try a new key, or to look at what a user sees. Nothing else is on stdout. Claims that no service accepts are
    /// refused; where this service would reject the token, a warning says so and why.
    #[command(
        after_help = "Examples:\n  powersync-jwks token --sub user-1\n  powersync-jwks token --sub user-1 --kid prod-2 --ttl 5m\n  powersync-jwks token --sub user-1 --claim role=admin --parameters '{\"project\": 7}'\n  powersync-jwks token --sub user-1 | powersync-jwks verify"
    )]
    Token(Token),
    /// Say whether the service accepts a token, and if not, why
    ///
    /// Gives the code and the message of the service, what they mean and what to do. With --secret-stdin, --secret-file or
    /// --secret-env it says which key a secret belongs to. Exit code: 0 accepted, 1 rejected, 2 not to be judged from here.
    #[command(
        after_help = "Examples:\n  powersync-jwks verify token.txt\n  powersync-jwks verify --expect prod-2 token.txt       has this backend switched? ask before `prune`\n  powersync-jwks verify --against old.yaml token.txt    tries the keys of an earlier config, too\n  powersync-jwks verify --secret-env JWT_SECRET         which key is this, and how is it written?"
    )]
    Verify(Verify),
    /// Hand out a signing key, for the backend
    ///
    /// Shows a secret: that is its job. Without --out it goes to stdout.
    #[command(
        after_help = "Examples:\n  powersync-jwks export --as env --out backend.env\n  powersync-jwks export --as node > powersync-token.mjs    a function that signs, without the secret\n  powersync-jwks export --as jwks --public                for services that only verify"
    )]
    Export(Export),
    /// Ask the running service which keys it knows
    ///
    /// The service reads its config only when it starts, so a new file proves nothing. This asks with tokens for an audience
    /// that nobody configures: they let nobody in, and the service's answer tells whether it knows the key. Each question is a
    /// failed request in the service's log. Exit code: 0 the service knows the keys of the config, 1 it doesn't, 2 it could not
    /// be asked.
    #[command(
        after_help = "Examples:\n  powersync-jwks probe https://sync.example.com\n  powersync-jwks probe http://10.0.0.1:8080 http://10.0.0.2:8080      each replica by its own address\n  powersync-jwks probe --all-addresses http://powersync-headless:8080\n  powersync-jwks probe --wait 10m https://sync.example.com            right after a deploy\n  powersync-jwks probe --against old.yaml https://sync.example.com    and what was removed?"
    )]
    Probe(Probe),
    /// Mark keys to be removed later; --undo takes it back
    ///
    /// A retired key goes on verifying. `prune` removes it once its time is over.
    #[command(
        after_help = "Examples:\n  powersync-jwks retire prod-1               after the overlap\n  powersync-jwks retire prod-1 --in 30d\n  powersync-jwks retire --undo prod-1\n  powersync-jwks retire @2                   the second key of the file"
    )]
    Retire(Retire),
    /// Remove keys at once
    ///
    /// For a leaked secret. Tokens signed with it fail once every replica has restarted, and until then the secret
    /// still lets people in. Refused for keys that may still verify tokens unless `--allow live-key` is given.
    Remove(Remove),
}

/// How a changing command ends.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub struct Ending {
    /// Write without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would change and write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do what would be refused under this id
    #[arg(long, value_name = "ID", value_delimiter = ',', hide_possible_values = true)]
    pub allow: Vec<RefusalId>,
}

/// How long things take.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "How long things take")]
pub struct Times {
    /// From the write until every replica has restarted, review and merge included [default: 72h]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub deploy_within: Option<Seconds>,
    /// From then until every backend signs with the new key [default: 24h]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub rollout: Option<Seconds>,
    /// The longest life of your backend's tokens, at most 24h [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = token_ttl, allow_hyphen_values = true)]
    pub token_ttl: Option<Seconds>,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How long the outgoing key stays, in place of the sum of the above
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, conflicts_with_all = ["deploy_within", "rollout"])]
    pub overlap: Option<Seconds>,
}

fn token_ttl(text: &str) -> Result<Seconds, String> {
    let ttl: Seconds = text.parse().map_err(|error: crate::base::time::InvalidDuration| error.to_string())?;
    if ttl > MAX_TOKEN_TTL {
        return Err("the service rejects tokens that live longer than 24h (PSYNC_S2104)".to_owned());
    }
    Ok(ttl)
}

/// A schedule: how often keys are replaced, and how long things take.
#[derive(Debug, Args)]
#[command(next_help_heading = "The schedule")]
pub struct ScheduleArgs {
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
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "The new key")]
pub struct NewKeyArgs {
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

/// Where a new key's secret goes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where its secret goes")]
pub struct SecretArgs {
    /// Into a variable (env) or into the config (inline) [default: as the key in use has it]
    #[arg(long, value_name = "WHERE", hide_possible_values = true)]
    pub secrets: Option<SecretPlace>,
    /// The variable and who gets its value.
    #[command(flatten)]
    pub destination: DestinationArgs,
}

/// Who gets the value of a variable.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where its secret goes")]
pub struct DestinationArgs {
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
}

/// What becomes of variables that nothing uses any more.
#[derive(Debug, Args)]
#[command(next_help_heading = "Variables")]
pub struct DropArgs {
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
pub enum SecretPlace {
    /// Into a variable: `k: !env NAME`
    Env,
    /// Into the config, in clear
    Inline,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// Configs to show, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to show them
    #[arg(long, default_value = "human")]
    pub format: Format,
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// Ask the service at this URL which keys it knows; several times for several
    #[arg(long, value_name = "URL")]
    pub probe: Vec<String>,
    /// How.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

/// How running services are asked.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Asking the running service")]
pub struct AskArgs {
    /// Ask every address that the name stands for
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
    /// Trust any certificate: whoever stands between can answer for the service
    #[arg(long, conflicts_with = "ca")]
    pub insecure: bool,
}

/// Asking running services before something is written.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Asking the running service")]
pub struct ProbeArgs {
    /// Ask the service at this URL which keys it knows; several times for several [default: the policy's `probe`]
    #[arg(long = "probe", id = "probe", value_name = "URL")]
    pub urls: Vec<String>,
    /// Don't ask, although the policy says so
    #[arg(long, conflicts_with = "probe")]
    pub no_probe: bool,
    /// How.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `probe`
#[derive(Debug, Args)]
pub struct Probe {
    /// The services, as their clients reach them [default: the policy's `probe`]
    #[arg(value_name = "URL")]
    pub urls: Vec<String>,
    /// Ask again until they know the keys, for at most that long
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub wait: Option<Seconds>,
    /// An earlier config: do they still know keys of it that are no longer in this one?
    #[arg(long, value_name = "OLD")]
    pub against: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: Format,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// How.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `promote`
#[derive(Debug, Args)]
pub struct Promote {
    /// Which key: a kid, or @N [default: the standby key]
    #[arg(value_name = "KEY")]
    pub key: Option<KeyName>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// Whether every replica knows the key.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `reconcile`
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Configs to bring up to date, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit 1 when something is due
    #[arg(long, conflicts_with = "yes")]
    pub check: bool,
    /// How old to take a current key without `iat` to be; written down once
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub assume_age: Option<Seconds>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: Format,
    /// Where a new secret goes.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Whether every replica knows a key before it is promoted.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `timeline`
#[derive(Debug, Args)]
pub struct Timeline {
    /// How far to look [default: two rotations]
    #[arg(long, value_name = "DATE")]
    pub until: Option<NumericDate>,
    /// How wide the chart may be, in characters [default: the terminal's width, else 80]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<u16>,
    /// How to draw it
    #[arg(long, default_value = "human")]
    pub format: ChartFormat,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
}

/// How a timeline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChartFormat {
    /// For people
    Human,
    /// A Mermaid Gantt chart, for pull requests
    Mermaid,
    /// For programs
    Json,
}

/// `rotate`
#[derive(Debug, Args)]
pub struct Rotate {
    /// In two steps: add the new key behind the current one, and let it wait [default wait: deploy within]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, conflicts_with_all = ["all", "revoke"])]
    pub standby: Option<Option<Seconds>>,
    /// Retire the other accepted keys, too
    #[arg(long)]
    pub all: bool,
    /// Remove the outgoing key in the same write: its secret leaked, or is a placeholder
    #[arg(long)]
    pub revoke: bool,
    /// The new key.
    #[command(flatten)]
    pub new: NewKeyArgs,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `prune`
#[derive(Debug, Args)]
pub struct Prune {
    /// Configs to prune, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What becomes of variables.
    #[command(flatten)]
    pub variables: DropArgs,
    /// Whether the service still knows what is removed.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// Which rules run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Rules")]
pub struct RuleArgs {
    /// Only this rule; may be given several times
    #[arg(long, value_name = "RULE", value_parser = rule_name(), hide_possible_values = true, value_delimiter = ',')]
    pub rule: Vec<RuleName>,
    /// Not this rule; may be given several times
    #[arg(long, value_name = "RULE", value_parser = rule_name(), hide_possible_values = true, value_delimiter = ',')]
    pub skip: Vec<RuleName>,
    /// Also the pedantic rules: secrets in git, keys without a date
    #[arg(long)]
    pub pedantic: bool,
}

/// A rule, by its id.
#[derive(Clone, Copy)]
pub struct RuleName(pub &'static Rule);

impl std::fmt::Debug for RuleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.id)
    }
}

fn rule_name() -> impl TypedValueParser<Value = RuleName> {
    PossibleValuesParser::new(RULES.iter().map(|rule| rule.id))
        .try_map(|id| rule(&id).map(RuleName).ok_or("there is no such rule"))
}

/// What is made an error.
#[derive(Clone, Copy, Debug)]
pub enum Deny {
    /// All warnings but those that time alone causes.
    Warnings,
    /// What this rule finds.
    Rule(RuleName),
}

fn deny() -> impl TypedValueParser<Value = Deny> {
    PossibleValuesParser::new(std::iter::once("warnings").chain(RULES.iter().map(|rule| rule.id))).try_map(
        |id| {
            if id == "warnings" {
                return Ok(Deny::Warnings);
            }
            rule(&id).map(|rule| Deny::Rule(RuleName(rule))).ok_or("there is no such rule")
        },
    )
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Configs, folders with configs, or `-`, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Make an error of this rule, or of all warnings (`warnings`)
    #[arg(long, value_name = "RULE", value_parser = deny(), hide_possible_values = true, value_delimiter = ',')]
    pub deny: Vec<Deny>,
    /// End with 0 whatever is found
    #[arg(long)]
    pub exit_zero: bool,
    /// An env file, to look behind `!env` with
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: FindingsFormat,
    /// Correct what is safe to correct: other ways to write the same key
    #[arg(long)]
    pub fix: bool,
    /// How a correction ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The old and the new config; with `--git` the configs to compare [default: all of the repository]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Compare the working tree with a revision [default: where this branch left the one it is merged into]
    #[arg(long, value_name = "REV", num_args = 0..=1)]
    pub git: Option<Option<String>>,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Make an error of this rule, or of all warnings (`warnings`)
    #[arg(long, value_name = "RULE", value_parser = deny(), hide_possible_values = true, value_delimiter = ',')]
    pub deny: Vec<Deny>,
    /// End with 1 on any difference
    #[arg(long)]
    pub exit_code: bool,
    /// Don't end with 1 because of what is found
    #[arg(long)]
    pub exit_zero: bool,
    /// The env file of the old config, to compare secrets behind `!env`
    #[arg(long, value_name = "PATH")]
    pub env_file_old: Option<PathBuf>,
    /// The env file of the new config
    #[arg(long, value_name = "PATH")]
    pub env_file_new: Option<PathBuf>,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: FindingsFormat,
}

/// `redact`
#[derive(Debug, Args)]
pub struct Redact {
    /// The config, in place of `-c`; `-` is stdin
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
}

/// `add`
#[derive(Debug, Args)]
pub struct Add {
    /// Its algorithm [default: that of the current key, else HS256]
    #[arg(long, ignore_case = true)]
    pub alg: Option<HmacAlg>,
    /// The new key.
    #[command(flatten)]
    pub new: NewKeyArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Where the data comes from [default: postgresql]
    #[arg(long, value_name = "DATABASE")]
    pub source: Option<Database>,
    /// Where the service keeps what it syncs [default: mongodb]
    #[arg(long, value_name = "DATABASE")]
    pub storage: Option<Storage>,
    /// Where the secrets go: env (an env file) or inline (the config, in clear)
    #[arg(long, value_name = "WHERE", default_value = "env", hide_possible_values = true)]
    pub secrets: SecretPlace,
    /// Whom tokens are meant for, as their `aud` says; may be given several times [default: powersync]
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Vec<Audience>,
    /// Where the service listens [default: 8080]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// The folder to write into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub dir: PathBuf,
    /// How the files are laid out
    #[arg(long, value_name = "LAYOUT", default_value = "service")]
    pub layout: Layout,
    /// A Compose file, too, which passes the variables and runs the storage database
    #[arg(long)]
    pub compose: bool,
    /// Generate only the secrets that an existing config's variables lack, into its env file
    #[arg(long, conflicts_with_all = ["source", "storage", "secrets", "audience", "port", "layout", "compose"])]
    pub fill: bool,
    /// Which env file to fill [default: .env, or docker/.env, beside the config]
    #[arg(long, value_name = "PATH", requires = "fill")]
    pub env_file: Option<PathBuf>,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `token`
#[derive(Debug, Args)]
pub struct Token {
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
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
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

/// `verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// A file with the token; `-` is stdin, and the default
    #[arg(value_name = "FILE", conflicts_with_all = ["secret_stdin", "secret_file", "secret_env"])]
    pub file: Option<PathBuf>,
    /// Exit 1 unless this key signed it: a kid, or @N
    #[arg(long, value_name = "KEY")]
    pub expect: Option<KeyName>,
    /// An earlier config, whose keys are tried to find the cause
    #[arg(long, value_name = "OLD")]
    pub against: Option<PathBuf>,
    /// Ask what the service says at another time
    #[arg(long, value_name = "DATE")]
    pub at: Option<NumericDate>,
    /// Print the token's claims, too
    #[arg(long)]
    pub show_claims: bool,
    /// Ask which key a secret belongs to; it comes from stdin
    #[arg(long, conflicts_with_all = ["secret_file", "secret_env", "show_claims", "at"])]
    pub secret_stdin: bool,
    /// The same, from a file
    #[arg(long, value_name = "PATH", conflicts_with_all = ["secret_env", "show_claims", "at"])]
    pub secret_file: Option<PathBuf>,
    /// The same, from an environment variable
    #[arg(long, value_name = "NAME", conflicts_with_all = ["show_claims", "at"])]
    pub secret_env: Option<String>,
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
}

/// `export`
#[derive(Debug, Args)]
pub struct Export {
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
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
}

/// In which form a key is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
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
    /// A function for Node that signs tokens; the secret stays in the environment
    Node,
}

/// `retire`
#[derive(Debug, Args)]
pub struct Retire {
    /// Which keys: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<KeyName>,
    /// Take it back: the keys stay
    #[arg(long, conflicts_with_all = ["at", "within"])]
    pub undo: bool,
    /// From when they may be removed
    #[arg(long, value_name = "DATE", conflicts_with = "within")]
    pub at: Option<NumericDate>,
    /// After which time they may be removed [default: the overlap, 5 days and 6 minutes]
    #[arg(long = "in", id = "within", value_name = "DURATION", allow_hyphen_values = true)]
    pub within: Option<Seconds>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// Which keys: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<KeyName>,
    /// The longest life of your backend's tokens, at most 24h [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = token_ttl, allow_hyphen_values = true)]
    pub token_ttl: Option<Seconds>,
    /// What becomes of variables.
    #[command(flatten)]
    pub variables: DropArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `move-secret`
#[derive(Debug, Args)]
pub struct MoveSecret {
    /// Which key: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY")]
    pub key: KeyName,
    /// Where to: env or inline
    #[arg(long, value_name = "WHERE", hide_possible_values = true)]
    pub to: SecretPlace,
    /// Who gets the value.
    #[command(flatten)]
    pub destination: DestinationArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}
