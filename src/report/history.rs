//! What became of each key, by commit: for people, for a document, for programs.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::markup::{code, inline};
use super::paint::{BOLD, DIM, event_line, paint};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, count, list};
use crate::base::time::NumericDate;
use crate::explain::PastEvent;
use crate::store::git::{Commit, short};

/// What is known of the keys of a config.
pub(crate) struct History {
    pub(crate) config: String,
    pub(crate) now: NumericDate,
    /// The first one first.
    pub(crate) chapters: Vec<Chapter>,
    /// Commits at which the file could not be read.
    pub(crate) unread: Vec<(Commit, Sentence)>,
}

/// What one commit did.
pub(crate) struct Chapter {
    pub(crate) commit: Commit,
    pub(crate) events: Vec<PastEvent>,
}

impl History {
    /// The answers, first: when keys were last rotated, and whether overlaps were kept.
    fn answers(&self) -> Vec<Sentence> {
        let rotation = self.all().rfind(|(_, event)| event.is_rotation());
        let last = match rotation {
            Some((commit, event)) => sentence!(
                "Last rotation: {}, by {}: {}",
                commit.at.for_people(self.now),
                short(&commit.id),
                event.message(commit.at, self.now)
            ),
            None => sentence!("No commit rotated"),
        };
        let removed: Vec<_> =
            self.all().filter_map(|(commit, event)| Some((commit, event.overlap?))).collect();
        let broken: Vec<String> = removed
            .iter()
            .filter(|(_, overlap)| overlap.is_broken())
            .map(|(commit, _)| short(&commit.id))
            .collect();
        let overlaps = match (removed.len(), broken.as_slice()) {
            (0, _) => sentence!("No key was removed"),
            (1, []) => sentence!("One key was removed, none too soon"),
            (number, []) => sentence!("{number} keys were removed, none too soon"),
            (number, broken) => {
                sentence!("{} removed, {} too soon: {}", count(number, "key"), broken.len(), list(broken))
            }
        };
        vec![last, overlaps]
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = (&Commit, &PastEvent)> {
        self.chapters.iter().flat_map(|chapter| chapter.events.iter().map(|event| (&chapter.commit, event)))
    }

    /// For people: the newest first.
    pub(crate) fn human(&self) -> String {
        // Writing to a string can't fail.
        let mut text = String::new();
        for answer in self.answers() {
            let _ = writeln!(text, "{answer}.");
        }
        for Chapter { commit, events } in self.chapters.iter().rev() {
            let head = format!("{}  {}", commit.at.for_people(self.now), short(&commit.id));
            let by = format!("{}: {}", Printable(&commit.author), Printable(&commit.subject));
            let _ = writeln!(text, "\n{}  {}", paint(BOLD, head), paint(DIM, by));
            for event in events {
                let message = event.message(commit.at, self.now);
                let _ = writeln!(text, "  {}", event_line(event.event.kind.sign(), message));
            }
        }
        text
    }

    /// For a document: a table, the newest first.
    pub(crate) fn markdown(&self) -> String {
        let names: HashSet<String> = self.all().map(|(_, event)| event.event.key.to_string()).collect();
        let mut text = format!("## Keys of {}\n\n", code(&Printable(&self.config).to_string()));
        for answer in self.answers() {
            let _ = writeln!(text, "- {}", inline(&answer.to_string(), &names));
        }
        let _ = writeln!(text, "\n| date | commit | by | what |\n| --- | --- | --- | --- |");
        for Chapter { commit, events } in self.chapters.iter().rev() {
            let what = events.iter().map(|event| {
                inline(&event.message(commit.at, self.now).to_string(), &names).replace('|', "\\|")
            });
            let what = what.collect::<Vec<_>>().join("<br>");
            let (id, by) = (code(&short(&commit.id)), inline(&Printable(&commit.author).to_string(), &names));
            let _ = writeln!(
                text,
                "| {} | {id} | {} | {what} |",
                commit.at.to_the_minute(),
                by.replace('|', "\\|")
            );
        }
        text
    }

    /// For programs: the first one first.
    pub(crate) fn json(&self) -> Result<String, serde_json::Error> {
        let commits = self.chapters.iter().map(|chapter| JsonCommit {
            commit: &chapter.commit.id,
            at: chapter.commit.at.to_string(),
            author: &chapter.commit.author,
            subject: &chapter.commit.subject,
            events: chapter.events.iter().map(|event| self.event(&chapter.commit, event)).collect(),
        });
        let unread = self.unread.iter().map(|(commit, why)| JsonUnread {
            commit: &commit.id,
            at: commit.at.to_string(),
            why: why.clone(),
        });
        let report = Json {
            version: 1,
            command: "history",
            config: &self.config,
            now: self.now.to_string(),
            commits: commits.collect(),
            not_read: unread.collect(),
        };
        Ok(super::markup::json(&serde_json::to_string_pretty(&report)?) + "\n")
    }

    fn event(&self, commit: &Commit, event: &PastEvent) -> JsonEvent {
        JsonEvent {
            kind: event.event.kind.name(),
            key: event.event.key.to_string(),
            overlap: event.overlap.map(|overlap| JsonOverlap {
                kind: overlap.name(),
                exp: overlap.exp().map(|exp| exp.to_string()),
            }),
            text: event.message(commit.at, self.now),
        }
    }
}

#[derive(Serialize)]
struct Json<'h> {
    version: u8,
    command: &'static str,
    config: &'h str,
    now: String,
    commits: Vec<JsonCommit<'h>>,
    not_read: Vec<JsonUnread<'h>>,
}

#[derive(Serialize)]
struct JsonCommit<'h> {
    commit: &'h str,
    at: String,
    author: &'h str,
    subject: &'h str,
    events: Vec<JsonEvent>,
}

#[derive(Serialize)]
struct JsonEvent {
    kind: &'static str,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<JsonOverlap>,
    text: Sentence,
}

#[derive(Serialize)]
struct JsonOverlap {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<String>,
}

#[derive(Serialize)]
struct JsonUnread<'h> {
    commit: &'h str,
    at: String,
    why: Sentence,
}
