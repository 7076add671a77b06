//! The findings of `check` and `diff`: one format a file.

mod github;
mod human;
mod json;
mod markdown;
mod sarif;
mod verdict;

use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::config::{Config, Lines, Position, Span};
use crate::explain::{Assumed, KeyEvent, Step, Steps, Subject, Verdict};
use crate::redact::{DiffLine, Redactor};
use crate::rules::{Before, Finding, Rule, Severity};

/// What a run found.
pub(crate) struct FindingsReport {
    /// The command, `check` or `diff`.
    pub(crate) command: &'static str,
    /// The moment.
    pub(crate) now: NumericDate,
    /// Whether the values of variables were looked up.
    pub(crate) values: bool,
    /// The files, in the order they were named.
    pub(crate) files: Vec<FileReport>,
    /// Files that hold a config and were not looked at.
    pub(crate) skipped: Vec<Skipped>,
}

/// What a file was before the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// A config that could be read.
    Config,
    /// Anything else, or nothing is known of it.
    Other,
}

/// A file that holds a config, or may, and can't be looked at.
pub(crate) struct Skipped {
    /// As people in this directory name it.
    pub(crate) name: String,
    /// From the root of its repository, where it is in one.
    pub(crate) path: String,
    /// Why.
    pub(crate) why: Sentence,
    pub(crate) was: Earlier,
}

/// What the config of a file is wrapped in.
pub(crate) struct Wrapped {
    /// The entry of a Kubernetes Secret.
    pub(crate) entry: Option<String>,
    /// Where the value that holds the config begins in the file.
    pub(crate) start: Position,
    /// Past its last character.
    pub(crate) end: Position,
}

/// What was found in one file.
pub(crate) struct FileReport {
    /// As it was named.
    pub(crate) name: String,
    /// From the root of its repository, where it is in one: what CI systems go by.
    pub(crate) path: String,
    /// What its config is wrapped in, if it is: findings have the lines of the config itself.
    pub(crate) wrapped: Option<Wrapped>,
    /// What it comes to.
    pub(crate) verdict: Verdict,
    /// What was found.
    pub(crate) findings: Vec<Shown>,
    /// Variables whose secrets were not looked at.
    pub(crate) unseen: Vec<String>,
    /// What became of the keys, where two texts were compared.
    pub(crate) change: Option<ChangeReport>,
    /// What comments silence.
    pub(crate) silenced: Vec<Shown>,
    /// Why it could not be looked at, if so.
    pub(crate) failure: Option<String>,
    /// The kids of its keys, as messages have them.
    pub(crate) kids: Vec<String>,
    pub(crate) what: Reported,
}

/// What a file of the report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    Config,
    /// `powersync-jwks.yaml`
    Policy,
}

/// What a change means.
pub(crate) struct ChangeReport {
    /// The old text, as it was named.
    pub(crate) from: String,
    /// The new text.
    pub(crate) to: String,
    /// What became of the keys.
    pub(crate) events: Vec<KeyEvent>,
    /// Secrets that can't be compared.
    pub(crate) not_compared: Vec<Sentence>,
    /// The text that changes.
    pub(crate) diff: Vec<DiffLine>,
    /// What to do.
    pub(crate) steps: Steps,
    /// What `check` found in the old text, too.
    pub(crate) before: Before,
    /// What the dates assume.
    pub(crate) assumed: Assumed,
}

/// A finding as it is shown.
pub(crate) struct Shown {
    pub(crate) rule: &'static Rule,
    pub(crate) severity: Severity,
    pub(crate) key: Option<String>,
    pub(crate) message: Sentence,
    pub(crate) help: Sentence,
    /// How to do it, to be copied.
    pub(crate) commands: Vec<CommandLine>,
    pub(crate) fixable: bool,
    pub(crate) place: Option<Location>,
}

/// Where a finding is. Columns are characters of the original text, from 1; the end is past the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) start: Position,
    pub(crate) end: Position,
    /// The line without its secrets. `None` where the text is not shown: what can't be read can't be redacted.
    pub(crate) excerpt: Option<Excerpt>,
}

/// A line of the text and what is underlined in it, in characters of the shown line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) line: String,
    pub(crate) from: usize,
    pub(crate) width: usize,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FindingsFormat {
    /// For people
    Human,
    /// For programs
    Json,
    /// For a pull-request comment or a job summary
    Markdown,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

impl FindingsReport {
    /// The report, to be printed; for people, in lines that fit the terminal.
    pub(crate) fn write(
        &self,
        format: FindingsFormat,
        terminal: Option<u16>,
    ) -> Result<String, serde_json::Error> {
        Ok(match format {
            FindingsFormat::Human => human::write(self, terminal),
            FindingsFormat::Json => json::write(self)?,
            FindingsFormat::Markdown => markdown::write(self),
            FindingsFormat::Github => github::write(self),
            FindingsFormat::Sarif => sarif::write(self)?,
        })
    }

    /// Whether an error is among the findings.
    pub(crate) fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// One line over all of it.
    pub(crate) fn summary(&self) -> String {
        human::summary(self)
    }

    fn findings(&self) -> impl Iterator<Item = (&FileReport, &Shown)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// The files that are configs.
    fn configs(&self) -> impl Iterator<Item = &FileReport> {
        self.files.iter().filter(|file| file.what == Reported::Config)
    }

    fn silenced(&self) -> impl Iterator<Item = (&FileReport, &Shown)> {
        self.files.iter().flat_map(|file| file.silenced.iter().map(move |finding| (file, finding)))
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|(_, finding)| finding.severity == severity).count()
    }
}

impl FileReport {
    /// A file of which nothing is said yet.
    pub(crate) fn new(name: String, path: String, what: Reported) -> Self {
        Self {
            name,
            path,
            wrapped: None,
            verdict: Verdict::of(Subject::NewAlone, &[], Vec::new()),
            findings: Vec::new(),
            unseen: Vec::new(),
            change: None,
            silenced: Vec::new(),
            failure: None,
            kids: Vec::new(),
            what,
        }
    }

    /// A config that could not be looked at.
    pub(crate) fn failed(name: String, path: String, why: String) -> Self {
        let verdict = Verdict::failed(sentence!("this file could not be read"));
        Self { failure: Some(why), verdict, ..Self::new(name, path, Reported::Config) }
    }

    /// Its change, where dates are told of it that depend on the policy.
    fn dated_change(&self) -> Option<&ChangeReport> {
        let has_date = |change: &&ChangeReport| {
            self.verdict.until().is_some() || change.steps.list.iter().any(Step::has_date)
        };
        self.change.as_ref().filter(has_date)
    }

    /// The place of a finding in the file itself, for CI systems that show the file.
    fn place_in_file(&self, finding: &Shown) -> Option<(Position, Position)> {
        match &self.wrapped {
            Some(wrapped) => Some((wrapped.start, wrapped.end)),
            None => finding.place.as_ref().map(|place| (place.start, place.end)),
        }
    }
}

/// Findings with their lines, secrets taken out. `tool`: with the options that name the config. `config`: the text they
/// are about, where it could be read.
pub(crate) fn shown(
    findings: Vec<Finding>,
    tool: &CommandLine,
    (text, config): (&str, Option<&Config<'_>>),
    redactor: &mut Redactor,
) -> Vec<Shown> {
    // Marking a large file costs as much as reading it.
    let marked = config.filter(|_| !findings.is_empty()).map(|config| redactor.mark_with_places(config));
    let lines = Lines::of(text);
    let words = tool.to_string();
    let mut locate = |span: &Span| {
        let excerpt = marked.as_ref().map(|marked| {
            // Only the first line of a value is shown.
            let first = text[span.clone()].find('\n').map_or(span.end, |at| span.start + at);
            let (start, end) = (marked.start(span.start), marked.end(first.max(span.start)));
            let (before, rest) = (last_line(&marked.text[..start]), first_line(&marked.text[start..]));
            let end = end.clamp(start, start + rest.text.len());
            let after = first_line(&marked.text[end..]);
            let under = &marked.text[start..end];
            excerpt(
                &before.map(|text| redactor.show(text)),
                &redactor.show(under),
                &after.map(|text| redactor.show(text)),
            )
        });
        Location { start: lines.position(span.start), end: lines.position(span.end), excerpt }
    };
    // One comment may have as many findings as it names rules.
    let mut latest: Option<(Span, Location)> = None;
    let mut place_of = |span: &Span| match &latest {
        Some((at, place)) if at == span => place.clone(),
        _ => latest.insert((span.clone(), locate(span))).1.clone(),
    };
    let mut show = |finding: Finding| {
        let place = finding.span.as_ref().map(&mut place_of);
        Shown {
            rule: finding.rule,
            severity: finding.severity,
            key: finding.key(),
            message: finding.message(),
            help: finding.help(&words),
            commands: finding.commands(tool),
            fixable: finding.fix.is_some(),
            place,
        }
    };
    findings.into_iter().map(&mut show).collect()
}

/// How long a line may be that is shown whole.
const LONG: usize = 160;

/// How much of a line is looked at on either side of a finding: more than is shown, whatever is in it.
const NEAR: usize = 16 * LONG;

/// A piece of a line, and whether there is more of it.
struct Piece<T> {
    text: T,
    is_cut: bool,
}

impl<T> Piece<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Piece<U> {
        Piece { text: change(self.text), is_cut: self.is_cut }
    }
}

/// The last place up to this one that is not inside of a character.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The end of a text, as far as it is on one line and near.
fn last_line(text: &str) -> Piece<&str> {
    let near = &text[boundary(text, text.len().saturating_sub(NEAR))..];
    let line = near.rfind('\n').map(|at| &near[at + 1..]);
    Piece { text: line.unwrap_or(near), is_cut: line.is_none() && near.len() < text.len() }
}

/// The start of a text, likewise.
fn first_line(text: &str) -> Piece<&str> {
    let near = &text[..boundary(text, NEAR)];
    let line = near.find('\n').map(|at| &near[..at]);
    Piece { text: line.unwrap_or(near), is_cut: line.is_none() && near.len() < text.len() }
}

/// A line in three parts, of which the middle is underlined. What is far from it in a long line is left out.
fn excerpt(before: &Piece<String>, under: &str, after: &Piece<String>) -> Excerpt {
    let clean = |text: &str| {
        let text = text.trim_matches(['\r', '\u{feff}']).replace('\t', "  ");
        crate::base::text::Printable(&text).to_string()
    };
    let is_cut = before.is_cut || after.is_cut;
    let (before, under, after) = (clean(&before.text), clean(under), clean(&after.text));
    let length = |text: &str| text.chars().count();
    let (before, after) = if is_cut || length(&before) + length(&under) + length(&after) > LONG {
        let skip = length(&before).saturating_sub(40);
        let lead: String = before.chars().skip(skip).collect();
        let tail: String = after.chars().take(40).collect();
        let dots = |is_cut: bool| if is_cut { "…" } else { "" };
        (format!("{}{lead}", dots(skip > 0)), format!("{tail}{}", dots(length(&after) > 40)))
    } else {
        (before, after)
    };
    let under: String = under.chars().take(LONG).collect();
    let (from, width) = (length(&before), length(&under).max(1));
    Excerpt { line: format!("{before}{under}{after}").trim_end().to_owned(), from, width }
}
