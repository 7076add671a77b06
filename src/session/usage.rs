//! What was asked for and can't be done: options that don't go together, or not with this input.

use crate::base::sentence::Sentence;
use crate::base::text::{Named, Printable, list};
use crate::base::time::NumericDate;
use crate::keyset::InvalidAddress;
use crate::probe::InvalidEndpoint;
use crate::store::git::NotSeen;
use crate::wrap::env_file::NoStore;
use crate::wrap::marks::MARKS;

/// Why a command line can't be followed.
#[derive(Clone, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the words of each stand beside it")]
pub enum Usage {
    #[error(
        "nothing was written: there is no terminal to ask on. Add `--yes` to write without asking, or `--dry-run` to \
         only look"
    )]
    NoTerminal,
    #[error("`--now` overrides the clock, so no file is written with it. Add `--dry-run`, or use `-c -`")]
    ClockOverridden,
    #[error(
        "`--now` overrides the clock, so no file is written with it, and this would write {}. Add `--dry-run`",
        Printable(.0)
    )]
    ClockOverriddenFor(String),
    #[error("with `-c -` the config is what goes to stdout. `--format json` goes with files")]
    ReportBesideConfig,
    #[error(
        "`--drop-env` works on a config that is a file: here, the new one goes to stdout, and until it is in place, the \
         service that starts with the old one needs the variables. Leave `--drop-env` out, put the new config in place, \
         restart every replica, and then take the variables away where they are kept; for an env file: `-c PATH prune \
         --drop-env=NAME`"
    )]
    DropBesideConfig,
    #[error("`-` (stdin) goes alone: its new config is the only thing on stdout")]
    StdinAlone,
    #[error("the config and {0} can't both come from stdin. Put one into a file")]
    TwoFromStdin(&'static str),
    #[error(
        "the config and the secret can't both come from stdin. Put the secret into a file: `--secret-file`"
    )]
    SecretFromStdin,
    #[error("stdin is a terminal, where the secret would be seen. Pipe it in, or use `--secret-file`")]
    SecretOnTerminal,
    #[error("`--encoding` goes with `--secret-stdin` or `--secret-file`")]
    EncodingAlone,
    #[error("this command works on one config at a time: name one with `-c`")]
    OneConfig,
    #[error(
        "`--kid`, `--secret-stdin`, `--secret-file`, `--env-name`, `--secret-out` and `--print-secret` go with one config"
    )]
    OneKey,
    #[error("`--env-name`, `--secret-out` and `--print-secret` go with a report for people")]
    SecretBesideReport,
    #[error(
        "{}: there is no PowerSync config in this directory: no .yaml, .yml or .json file with one of {} at its top",
        Printable(.0),
        list(&MARKS.map(|name| format!("`{name}`")))
    )]
    NoConfigIn(String),
    #[error(
        "there is no file {}: `prune` takes paths of configs. To remove only this key: `prune --key {}`",
        Named(.0),
        Printable(.0)
    )]
    KeyAsPath(String),
    #[error("--dir: {} is not a directory", Printable(.0))]
    NotADirectory(String),
    #[error("name the config either with `-c` or by its directory with `--dir`, not both")]
    DirectoryBesideConfig,
    #[error(
        "there is a config here already: {}. `powersync-jwks init --fill` generates the secrets it lacks; `--dir` writes \
         a new one elsewhere",
        list(.0)
    )]
    ConfigThere(Vec<String>),
    #[error("`init` writes a new config: `--dir` says where. `init --fill` works on an existing one")]
    InitNamed,
    #[error(
        "`--compose` passes the secrets as variables, and with `--secrets inline` there are none. Leave one of them out"
    )]
    ComposeInline,
    #[error(
        "`--fill` writes an env file beside the config, so the config has to be a file. Name it with `-c PATH`"
    )]
    FillStdin,
    #[error(
        "{}: this is a PowerSync Cloud config (`_type: cloud`), whose secrets PowerSync keeps. Nothing was changed",
        Printable(.0)
    )]
    FillOnCloud(String),
    #[error(
        "{}: this is a PowerSync Cloud config (`_type: cloud`), whose schema refuses the members that this tool writes \
         (`iat`, `exp`), so there is no schedule. Nothing was changed. Replace a key by hand: `add` one, deploy, let your \
         backend sign with it, and once the last token of the old key has expired (a day at most), `remove KEY --allow \
         live-key` and deploy again",
        Printable(.0)
    )]
    NoScheduleOnCloud(String),
    #[error(
        "{}: there is no key to rotate in this file: users log in with {}, and those keys are rotated there. Nothing was \
         changed",
        Printable(config),
        list(ways)
    )]
    NoKeyOnCloud { config: String, ways: Vec<String> },
    #[error("PowerSync Cloud's schema refuses keys without a kid: leave `--no-kid` out")]
    NoKidOnCloud,
    #[error(
        "{}: this is a PowerSync Cloud config (`_type: cloud`), which keeps no schedule",
        Printable(.0)
    )]
    TimelineOnCloud(String),
    #[error("--until {until} is not in the future; it is {now}", until = .until.to_the_minute(), now = .now.to_the_minute())]
    UntilPast { until: NumericDate, now: NumericDate },
    #[error("`--fix` goes with the human format: it shows a diff and may ask")]
    FixFormat,
    #[error("`--fix` works on files only")]
    FixFiles,
    #[error("{}: {why}", Named(url))]
    Endpoint { url: String, why: InvalidEndpoint },
    #[error(
        "`--probe` goes with one config: several run with several services. Say which in a powersync-jwks.yaml beside \
         each, under `probe:`"
    )]
    ProbeSeveral,
    #[error(
        "`--now` overrides the clock here, and a running service goes by its own. Leave one of them out; `--no-probe` \
         leaves out what the policy says"
    )]
    ProbeAtOtherTime,
    #[error("{}: this config reads keys from nowhere else: it has no `jwks_uri`, and no Supabase project. Leave {} out",
        Printable(config), asks.flag())]
    NothingBehind { config: String, asks: AsksBehind },
    #[error("--jwks: the config has {0} addresses of keys, and more were given")]
    TooManySets(usize),
    #[error("--jwks: the URL {0}")]
    InvalidSetAddress(InvalidAddress),
    #[error("{address}: {why}")]
    SetNotFetched { address: String, why: Sentence },
    #[error(
        "{}: there is no PowerSync config in this directory: no .yaml, .yml or .json file with one of {} at its top{}",
        Printable(directory),
        marks(),
        also(skipped)
    )]
    NothingBelow { directory: String, skipped: Vec<(String, Sentence)> },
    #[error(
        "this argument is a token and not a file. Others see arguments: pipe the token in, or put it into a file"
    )]
    TokenAsArgument,
    #[error("{}: this is not text, so it is no token", Printable(.0))]
    TokenIsNoText(String),
    #[error("{}: it is empty. Pipe a token in, or name a file that holds one", Printable(.0))]
    EmptyToken(String),
    #[error("--secret-env: there is no variable of this name. It takes the name, not the secret")]
    NoSecretVariable,
    #[error("{}: the secret is empty", Printable(.0))]
    EmptySecret(String),
    #[error("name two configs, `diff OLD NEW`, or compare with a revision: `diff --git [REV]`")]
    NotTwoConfigs,
    #[error("`history` reads git: it needs a config that is a file of a repository. Name one with `-c`")]
    HistoryOfStdin,
    #[error("{}: no commit here has this file, so git knows nothing of its keys", Printable(.0))]
    NoCommits(String),
    #[error("only one of the two configs can come from stdin")]
    BothFromStdin,
    #[error("name the configs either with `-c` or as arguments, not both")]
    NamedTwice,
    #[error("{} is not in this git repository", Named(.0))]
    OutsideOfRepository(String),
    #[error("{}: there is no such file on either side ({from} → {to})", Named(name))]
    NowhereInGit { name: String, from: String, to: String },
    #[error("`--staged` compares what is staged with one revision: `diff --git REV --staged`")]
    StagedRange,
    #[error(
        "`{named}` is a file and no revision. Compare it with the default branch: `diff --git -- {named}`",
        named = Printable(.0)
    )]
    FileAsRevision(String),
    #[error("--expect: there is no key {} in {}", Named(key), Printable(config))]
    NoExpectedKey { key: String, config: String },
    #[error("`--undo` takes a key's `exp` away, so no date goes with it")]
    UndoWithDate,
    #[error("`--at` and `--in` both say when: give one of them")]
    TwoDates,
    #[error("`--public` goes with `--as jwks`: a symmetric key has no public half")]
    PublicOfSymmetric,
    #[error("`--now` overrides the clock, so no file is written with it. Leave `--out` out")]
    OutAtOtherTime,
    #[error("the audience is in the variable {0}, whose value is not known here. Give it: `--aud AUDIENCE`")]
    AudienceInVariable(String),
    #[error(
        "PowerSync Cloud's audience, the URL of the instance, is not in this file. Give it: `--aud AUDIENCE`"
    )]
    AudienceOfCloud,
    #[error(
        "name the service as its clients reach it, such as `probe https://sync.example.com`, or write it under `probe:` in \
         a powersync-jwks.yaml"
    )]
    NoService,
    #[error("{}: there is no key that can be asked for: none has a secret that is known here", Printable(.0))]
    NothingToAskFor(String),
    #[error(
        "not every key could be asked for. Set its variable in the environment, or name the file that defines it: \
         `--env-file PATH`"
    )]
    NotAllAskedFor,
    #[error("{name} can't be compared: {}", why.message())]
    NotCompared {
        /// As it may be shown.
        name: String,
        why: NotSeen,
    },
    #[error("{}: {why}", Printable(config))]
    NoPlace { config: String, why: NoPlace },
}

/// What asks for sets of keys behind addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsksBehind {
    Fetch,
    Jwks,
}

impl AsksBehind {
    fn flag(self) -> &'static str {
        match self {
            Self::Fetch => "`--fetch`",
            Self::Jwks => "`--jwks`",
        }
    }
}

fn marks() -> String {
    list(&MARKS.map(|name| format!("`{name}`")))
}

fn also(skipped: &[(String, Sentence)]) -> String {
    skipped
        .iter()
        .fold(String::new(), |all, (name, why)| format!("{all}. Not looked at: {}, {why}", Printable(name)))
}

/// Why a secret can't go where it is asked to go, or a variable can't be dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the words of each stand beside it")]
pub enum NoPlace {
    #[error("PowerSync Cloud takes the secret of a key from a variable: leave `--secrets inline` out")]
    InlineOnCloud,
    #[error("PowerSync Cloud takes the secret of a key from a variable")]
    MoveOnCloud,
    #[error("`--env-name`, `--secret-out` and `--print-secret` don't go with `--secrets inline`")]
    InlineAsked,
    #[error(
        "the secret goes into the config here, in plaintext, as that of the key in use. Add `--secrets env` to have it in \
         a variable"
    )]
    InlineAsInUse,
    #[error(
        "there is no `!env` in JSON: the service takes it for text. Secrets are in the file there, unless the config is \
         kept as YAML"
    )]
    Json,
    #[error(
        "this is a ConfigMap, which is no place for a secret. Have it in a variable: `--secrets env --secret-out FILE`, and \
         put its value into a Secret"
    )]
    ConfigMap,
    #[error("the directory of {} doesn't exist", Named(.0))]
    NoDirectory(String),
    #[error(
        "with `-c -` the config is what goes to stdout, so `--print-secret` can't. `--secret-out FILE` can"
    )]
    PrintBesideConfig,
    #[error("{0}")]
    Nowhere(Box<Looked>),
    #[error("{}", why.message(file))]
    NoStore { file: String, why: NoStore },
    #[error(
        "several env files set {what}: {}. Say which one gets the secret: `--env-file PATH`",
        list(files)
    )]
    SeveralFiles { what: String, files: Vec<String> },
    #[error("--env-name: {} can't be the variable: {rule}", Named(name))]
    BadName { name: String, rule: &'static str },
    #[error("--env-name: {name} is taken: {by}")]
    Taken { name: String, by: String },
    #[error("--drop-env: the config still refers to {}, so it stays", Printable(.0))]
    StillUsed(String),
    #[error("--drop-env: {} stays: {why}", Printable(name))]
    Needed { name: String, why: String },
    #[error(
        "--drop-env: {} {}. Name the one that is meant: `--env-file PATH`",
        if *several { "several env files set" } else { "no env file near the config sets" },
        list(&names.iter().map(|name| Named(name).to_string()).collect::<Vec<_>>())
    )]
    DropWhere { names: Vec<String>, several: bool },
}

/// The line of a Compose file that sets a variable, and the name under which it is kept elsewhere.
type SetHere = (usize, Option<String>);

/// Where a place for a secret was looked for, in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The variable of the secret in use.
    pub(crate) old: Option<String>,
    /// The env files near the config, none of which sets it.
    pub(crate) env_files: Vec<String>,
    /// The Compose file; the line that sets the variable, and the name under which it is kept elsewhere.
    pub(crate) compose: Option<(String, Option<SetHere>)>,
    /// The env file that would be made.
    pub(crate) offered: String,
    /// Where else it may go.
    pub(crate) places: &'static str,
}

impl std::fmt::Display for Looked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.old {
            Some(old) => write!(f, "the secret in use is in the variable {}. ", Printable(old))?,
            None => f.write_str("the secret has no place to go. ")?,
        }
        match &self.compose {
            Some((file, Some((line, Some(other))))) => write!(
                f,
                "{} (line {line}) takes it from {}, which no env file near the config sets",
                Printable(file),
                Printable(other)
            )?,
            Some((file, Some((line, None)))) => {
                write!(f, "{} sets it on line {line}, where no new one is written", Printable(file))?;
            }
            _ if self.env_files.is_empty() => f.write_str("There is no env file near the config")?,
            _ => {
                let files: Vec<String> =
                    self.env_files.iter().map(|file| Printable(file).to_string()).collect();
                let what = if self.old.is_some() { "sets it" } else { "sets a variable of this config" };
                write!(f, "Of the env files near the config ({}), none {what}", list(&files))?;
            }
        }
        let offered = Printable(&self.offered);
        write!(
            f,
            ". Add `--env-file {offered}` to have the new one there, for you alone. Other places: {}, or `--secrets inline` \
             (the config itself, in plaintext)",
            self.places
        )
    }
}
