//! One command a file: read, decide, review, write.

mod add;
mod check;
mod diff;
mod export;
mod fill;
mod init;
mod move_secret;
mod owner;
mod probe;
mod promote;
mod prune;
mod reconcile;
mod redact;
mod remove;
mod retire;
mod rotate;
mod status;
mod timeline;
mod token;
mod verify;

use crate::cli::{Cli, Command};
use crate::session::{Answer, Error, World};

/// Runs the command that was asked for.
pub(crate) fn dispatch(cli: &Cli, world: &mut World<'_>) -> Result<Answer, Error> {
    let global = &cli.global;
    match &cli.command {
        Command::Status(args) => status::run(global, args, world),
        Command::Rotate(args) => rotate::run(global, args, world),
        Command::Promote(args) => promote::run(global, args, world),
        Command::Reconcile(args) => reconcile::run(global, args, world),
        Command::Check(args) => check::run(global, args, world),
        Command::Diff(args) => diff::run(global, args, world),
        Command::Redact(args) => redact::run(global, args, world),
        Command::Timeline(args) => timeline::run(global, args, world),
        Command::Token(args) => token::run(global, args, world),
        Command::Verify(args) => verify::run(global, args, world),
        Command::Export(args) => export::run(global, args, world),
        Command::Probe(args) => probe::run(global, args, world),
        Command::Prune(args) => prune::run(global, args, world),
        Command::Init(args) if args.fill => fill::run(global, args, world),
        Command::Init(args) => init::run(global, args, world),
        Command::Add(args) => add::run(global, args, world),
        Command::MoveSecret(args) => move_secret::run(global, args, world),
        Command::Retire(args) => retire::run(global, args, world),
        Command::Remove(args) => remove::run(global, args, world),
    }
}
