//! One file a command: its arguments, its help, and what it does. This list registers them all.

mod fill;

pub use token::ClaimArg;

use crate::session::arguments::Global;
use crate::session::{Answer, Error, World};

/// Makes the modules, the command line's enum, and what runs each from one list.
macro_rules! commands {
    ($($heading:literal { $($name:ident: $file:ident,)+ })+) => {
        $($(mod $file;)+)+

        /// The commands.
        #[derive(Debug, clap::Subcommand)]
        pub enum Command {
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
    };
}

commands! {
    "Rotate" {
        Status: status,
        Rotate: rotate,
        Promote: promote,
        Prune: prune,
        Reconcile: reconcile,
        Timeline: timeline,
    }
    "Review" {
        Check: check,
        Diff: diff,
        Redact: redact,
    }
    "Set up" {
        Init: init,
        Add: add,
        MoveSecret: move_secret,
    }
    "Tokens" {
        Token: token,
        Verify: verify,
        Export: export,
        Probe: probe,
    }
    "Emergency" {
        Retire: retire,
        Remove: remove,
    }
}
