//! `history`: what became of each key, as git has it.

use std::path::PathBuf;

use crate::base::sentence::sentence;
use crate::base::text::Printable;
use crate::config::{Config, Input};
use crate::explain::past_events;
use crate::keyset::KeySet;
use crate::report::history::{Chapter, History};
use crate::report::paint::warning_line;
use crate::session::arguments::Global;
use crate::session::differ::ABSENT;
use crate::session::{Answer, Error, Source, Usage, World, source};
use crate::store::git::{Content, Repository};

/// Show when each key was added, promoted, retired and removed, and by which commit
///
/// Reads the commits that changed the config, on the way to the one that is checked out. For an
/// audit: when keys were last rotated, and whether each stayed until its overlap was over.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The config, in place of `-c`
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Only what became of this key
    #[arg(long, value_name = "KID")]
    pub key: Option<String>,
    /// How to tell it
    #[arg(long, default_value = "human")]
    pub format: HistoryFormat,
}

/// How a history is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HistoryFormat {
    /// For people
    Human,
    /// A table, for a document
    Markdown,
    /// For programs
    Json,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = match &args.path {
        Some(path) if global.config.is_empty() => source::named(path),
        Some(_) => return Err(Usage::NamedTwice.into()),
        None => source::one(global, world)?,
    };
    let mut history = read(global, &source, world)?;
    if let Some(key) = &args.key {
        for chapter in &mut history.chapters {
            chapter.events.retain(|event| event.event.key.to_string() == *key);
        }
    }
    history.chapters.retain(|chapter| !chapter.events.is_empty());
    let text = match args.format {
        HistoryFormat::Human => history.human(),
        HistoryFormat::Markdown => history.markdown(),
        HistoryFormat::Json => history.json().map_err(std::io::Error::from)?,
    };
    world.stdout.write_all(text.as_bytes())?;
    world.stdout.flush()?;
    for (commit, why) in &history.unread {
        let what = format!("{} at {}: {why}", history.config, crate::store::git::short(&commit.id));
        writeln!(world.stderr, "{}", warning_line(&what))?;
    }
    if args.format == HistoryFormat::Human {
        writeln!(
            world.stderr,
            "\nThe dates are those of the commits: when replicas restarted, and backends switched, is not in git."
        )?;
    }
    Ok(Answer::Done)
}

fn read(global: &Global, source: &Source, world: &mut World<'_>) -> Result<History, Error> {
    let config = source.name();
    let path = source.path(world).ok_or(Usage::HistoryOfStdin)?;
    let repository = Repository::open(path.parent().unwrap_or(&world.directory))?;
    let below = repository.below(&path).ok_or_else(|| Usage::OutsideOfRepository(config.clone()))?;
    let commits = repository.commits_of(&below)?;
    if commits.is_empty() {
        return Err(Usage::NoCommits(config).into());
    }
    if repository.is_shallow() {
        let text = format!(
            "this clone is shallow: what became of {} before {} is not here. `git fetch --unshallow` brings it",
            Printable(&config),
            commits[0].at.day()
        );
        writeln!(world.stderr, "{}", warning_line(&text))?;
    }
    let mut objects = repository.objects()?;
    let mut history = History { config, now: world.clock.now(), chapters: Vec::new(), unread: Vec::new() };
    let absent = Config::parse_str(ABSENT, Input::Yaml).map_err(Error::config(&history.config))?;
    let mut before = KeySet::read(&absent);
    for commit in commits {
        let keys = match commit.content(&below, &mut objects)? {
            Content::Absent => KeySet::read(&absent),
            Content::NotSeen(why) => {
                history.unread.push((commit, why.message()));
                continue;
            }
            Content::File(bytes) => {
                let opened = source.unwrap(global, &bytes);
                let read = opened.and_then(|opened| opened.config().map(|config| KeySet::read(&config)));
                match read {
                    Ok(keys) => keys,
                    Err(why) => {
                        history.unread.push((commit, sentence!("{why}")));
                        continue;
                    }
                }
            }
        };
        let events = past_events(&before, &keys, commit.at);
        before = keys;
        history.chapters.push(Chapter { commit, events });
    }
    Ok(history)
}
