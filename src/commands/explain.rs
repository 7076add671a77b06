//! `explain`: the page of a rule, or the list of all.

use std::fmt::Write as _;

use crate::base::text::wrap;
use crate::report::human::columns;
use crate::rules::RULES;
use crate::session::arguments::{Global, RuleName, rule_name};
use crate::session::{Answer, Error, World};

/// Explain a rule of `check` and `diff`
///
/// What it finds, what the service does then, and how to fix it; without a rule, a list of all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  powersync-jwks explain\n  powersync-jwks explain removed-early")]
pub(crate) struct Args {
    /// The id of the rule, as findings have it in brackets
    #[arg(value_name = "RULE", value_parser = rule_name(), hide_possible_values = true)]
    pub rule: Option<RuleName>,
}

pub(crate) fn run(_: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let text = match &args.rule {
        Some(rule) => page(&rule.0.page(), columns(world.terminal.width.or(Some(100)))),
        None => list(columns(world.terminal.width.or(Some(100)))),
    };
    world.stdout.write_all(text.as_bytes())?;
    world.stdout.flush()?;
    Ok(Answer::Done)
}

/// A page without the marks of Markdown, which is for the site.
fn page(markdown: &str, width: usize) -> String {
    let plain = markdown.replace("**", "").replace("### ", "");
    let lines = plain.lines().map(|line| match line.strip_prefix('*').and_then(|line| line.strip_suffix('*')) {
        Some(kind) => kind.to_owned(),
        None => wrap(line, width).join("\n"),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn list(width: usize) -> String {
    let longest = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    RULES.iter().fold(String::new(), |mut text, rule| {
        let lines = wrap(rule.finds, width.saturating_sub(longest + 2).max(20));
        let hanging = lines.join(&format!("\n{}", " ".repeat(longest + 2)));
        // Writing to a string can't fail.
        let _ = writeln!(text, "{:longest$}  {hanging}", rule.id);
        text
    })
}
