//! One file a command: its arguments, its help, and what it does. This list registers them all, each with what it may
//! refuse as unsafe.

pub use token::ClaimArg;

use crate::schedule::{self, RefusalId};
use crate::session::arguments::Global;
use crate::session::{Answer, Error, World};

/// Makes the modules, the command line's enum, and what runs each from one list.
macro_rules! commands {
    ($($heading:literal { $($name:ident: $file:ident $([$refuses:expr])?,)+ })+) => {
        $($(pub(crate) mod $file;)+)+

        /// The commands.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Command {
            $($(#[allow(missing_docs, reason = "its help is its documentation")] $name($file::Args),)+)+
        }

        impl Command {
            /// Runs the command that was asked for.
            pub(crate) fn run(&self, global: &Global, world: &mut World<'_>) -> Result<Answer, Error> {
                match self {
                    $($(Self::$name(args) => $file::run(global, args, world),)+)+
                }
            }
        }

        /// The groups of the help, each with the names of its commands.
        pub(crate) const GROUPS: &[(&str, &[&str])] = &[$(($heading, &[$(stringify!($file),)+]),)+];

        /// What each command may refuse as unsafe.
        pub(crate) const REFUSALS: &[(&str, &[RefusalId])] =
            &[$($($((stringify!($file), $refuses),)?)+)+];
    };
}

commands! {
    "Rotate" {
        Status: status,
        Rotate: rotate [schedule::ROTATE_REFUSALS],
        Promote: promote [schedule::PROMOTE_REFUSALS],
        Rollback: rollback [schedule::ROLLBACK_REFUSALS],
        Prune: prune [schedule::PRUNE_REFUSALS],
        Reconcile: reconcile [schedule::RECONCILE_REFUSALS],
        Timeline: timeline,
    }
    "Review" {
        Check: check [&[]],
        Diff: diff,
        History: history,
        Explain: explain,
        Redact: redact,
    }
    "Set up" {
        Init: init [&[RefusalId::WeakSecret, RefusalId::Overwrite]],
        Add: add [schedule::ADD_REFUSALS],
        MoveSecret: move_secret [&[]],
        Completions: completions,
    }
    "Tokens" {
        Token: token,
        Verify: verify,
        Export: export,
        Probe: probe,
    }
    "Emergency" {
        Retire: retire [schedule::RETIRE_REFUSALS],
        Remove: remove [schedule::REMOVE_REFUSALS],
    }
}
