//! The policy of a run: flags, else the policy file, else the defaults.

use super::source::shell_word;
use crate::World;
use crate::cli::{ScheduleArgs, Times};
use crate::display::Printable;
use crate::error::{Error, Source};
use crate::lifecycle::Policy;
use crate::policy_file::{self, Found};

/// The policy for a config, with the flags that win over the file.
pub(super) fn of(times: &Times, source: &Source, world: &mut World<'_>) -> Result<Policy, Error> {
    Ok(found(times, source, world)?.policy)
}

/// The same, with the services that the file says to ask.
pub(super) fn found(times: &Times, source: &Source, world: &mut World<'_>) -> Result<Found, Error> {
    let found = if let Some(path) = &times.policy {
        policy_file::read(&world.path(path), &path.display().to_string())?
    } else {
        let config = match source {
            Source::File(path) => world.path(path),
            Source::Stdin => world.folder.join("stdin"),
        };
        // By its real place: a link into a repository has the policy of that repository.
        let config = std::fs::canonicalize(&config).unwrap_or(config);
        policy_file::find(&config).map_or_else(
            || Ok(Found::default()),
            |path| {
                let name = path.strip_prefix(&world.folder).unwrap_or(&path).display().to_string();
                policy_file::read(&path, &name)
            },
        )?
    };
    for field in &found.unused {
        let path = found.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        writeln!(world.stderr, "note: `{field}` in {} is not used by this version", Printable(&path))?;
    }
    let file = found.policy;
    let policy = Policy {
        deploy_within: times.deploy_within.unwrap_or(file.deploy_within),
        rollout: times.rollout.unwrap_or(file.rollout),
        token_ttl: times.token_ttl.unwrap_or(file.token_ttl),
        overlap: times.overlap,
        ..file
    };
    Ok(Found { policy, ..found })
}

/// The flags that a later command needs to count as this one does, with a space before each.
pub(super) fn flags(times: &Times) -> String {
    let spans = [
        ("deploy-within", times.deploy_within),
        ("rollout", times.rollout),
        ("token-ttl", times.token_ttl),
        ("overlap", times.overlap),
    ];
    let spans = spans.into_iter().filter_map(|(name, span)| Some(format!(" --{name} {}", span?.compact())));
    let policy =
        times.policy.as_ref().map(|path| format!(" --policy {}", shell_word(&path.display().to_string())));
    spans.chain(policy).collect()
}

/// The same for commands that keep a schedule: their spans have to go together.
pub(super) fn of_schedule(
    args: &ScheduleArgs,
    source: &Source,
    world: &mut World<'_>,
) -> Result<Policy, Error> {
    Ok(found_for_schedule(args, source, world)?.policy)
}

/// The same, with the services that the file says to ask.
pub(super) fn found_for_schedule(
    args: &ScheduleArgs,
    source: &Source,
    world: &mut World<'_>,
) -> Result<Found, Error> {
    let found = found(&args.times, source, world)?;
    let policy = Policy {
        rotate_every: args.rotate_every.unwrap_or(found.policy.rotate_every),
        standby: args.standby.or(found.policy.standby),
        ..found.policy
    };
    policy.check().map_err(|invalid| Error::Policy { name: source.name(), what: invalid.to_string() })?;
    Ok(Found { policy, ..found })
}
