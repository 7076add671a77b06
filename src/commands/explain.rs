//! `explain`: the page of a rule.

use crate::base::text::wrap;
use crate::session::arguments::{Global, RuleName, rule_name};
use crate::session::{Answer, Error, World};

/// Explain a rule of `check` and `diff`
///
/// What it finds, what the service does then, and how to fix it. The same pages are in docs/rules.md.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  powersync-jwks explain removed-early\n  powersync-jwks explain weak-secret")]
pub(crate) struct Args {
    /// The id of the rule, as findings have it in brackets
    #[arg(value_name = "RULE", value_parser = rule_name(), hide_possible_values = true)]
    pub rule: RuleName,
}

pub(crate) fn run(_: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let width = world.terminal.width.map_or(100, |width| usize::from(width).clamp(40, 100));
    for line in args.rule.0.page().lines() {
        writeln!(world.stdout, "{}", wrap(line, width).join("\n"))?;
    }
    Ok(Answer::Done)
}
