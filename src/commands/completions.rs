//! `completions`: the script with which a shell completes the command line.

use clap::ValueEnum;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};

use crate::session::arguments::Global;
use crate::session::{Answer, Error, World};

/// Set by the script, to the name of the shell, where it asks what may come next.
pub(crate) const ASKED_BY: &str = "POWERSYNC_JWKS_COMPLETE";

/// Print the script that completes commands, options and kids in your shell
///
/// The script asks this program for what may come next, so it stays right when the program is updated. Keys are those of
/// the config that the command line names.
#[derive(Debug, clap::Args)]
#[command(after_help = "Put one of these lines into the file your shell reads at its start:
  bash        source <(powersync-jwks completions bash)                               ~/.bashrc
  zsh         source <(powersync-jwks completions zsh)                                ~/.zshrc, after `compinit`
  fish        powersync-jwks completions fish | source                                ~/.config/fish/config.fish
  PowerShell  powersync-jwks completions powershell | Out-String | Invoke-Expression  $PROFILE")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

pub(crate) fn run(_: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let completer: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
    };
    let name = "powersync-jwks";
    completer.write_registration(ASKED_BY, name, name, name, world.stdout)?;
    Ok(Answer::Done)
}
