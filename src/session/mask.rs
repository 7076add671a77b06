//! Secrets that are printed on purpose, told to CI first, which then hides them in its logs.

use zeroize::Zeroizing;

use super::{Error, World};

/// Whether CI is told.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct MaskArgs {
    /// Tell GitHub Actions first to hide the secret in its log (`::add-mask::`, on stderr)
    #[arg(long)]
    pub mask: bool,
}

impl MaskArgs {
    /// Says what is about to be printed; where CI would want to know and isn't told, how to tell it.
    pub(crate) fn announce(self, secrets: &[Zeroizing<String>], world: &mut World<'_>) -> Result<(), Error> {
        let is_on_github = (world.variable)("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if secrets.is_empty() {
            return Ok(());
        }
        if self.mask {
            for line in
                secrets.iter().flat_map(|secret| secret.lines()).filter(|line| !line.trim().is_empty())
            {
                writeln!(world.stderr, "::add-mask::{}", line.trim().replace('%', "%25"))?;
            }
        } else if is_on_github {
            let text = "note: GitHub Actions shows this secret in the log, where it gets there: `--mask` tells it first to hide it";
            writeln!(world.stderr, "{text}")?;
        }
        world.stderr.flush()?;
        Ok(())
    }
}
