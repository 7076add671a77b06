//! The policy of a run: flags, else the policy file, else the defaults.

use std::path::PathBuf;

use crate::base::time::Seconds;
use crate::probe::Endpoint;
use crate::schedule::{Origins, Policy};
use crate::session::arguments::{ScheduleArgs, Times};
use crate::session::policy_file::{self, PolicyFile};
use crate::session::{Error, Source, World};

/// The policy for a config, and what else the policy file says.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    /// Where its spans come from.
    pub(crate) origins: Origins,
    pub(crate) env_file: Option<PathBuf>,
    /// The running services to ask before a key is promoted.
    pub(crate) probe: Vec<Endpoint>,
}

/// The policy for a config, with the flags that win over the file.
pub(crate) fn of(times: &Times, source: &Source, world: &mut World<'_>) -> Result<Policy, Error> {
    rules(times, source, world).map(|rules| rules.policy)
}

/// The same, with what else the file says.
pub(crate) fn rules(times: &Times, source: &Source, world: &mut World<'_>) -> Result<Rules, Error> {
    let (name, found) = if let Some(path) = &times.policy.policy {
        let name = path.display().to_string();
        (name.clone(), policy_file::read(&world.path(path), &name)?)
    } else {
        let config = match source {
            Source::File(path) => world.path(path),
            Source::Stdin | Source::Variable => world.directory.join("stdin"),
        };
        // By its real place: a link into a repository has the policy of that repository.
        let config = std::fs::canonicalize(&config).unwrap_or(config);
        policy_file::find(&config).map_or_else(
            || Ok((String::new(), PolicyFile::default())),
            |path| {
                let name = path.strip_prefix(&world.directory).unwrap_or(&path).display().to_string();
                policy_file::read(&path, &name).map(|found| (name, found))
            },
        )?
    };
    let file = found.policy;
    let policy = Policy {
        deploy_within: times.deploy_within.unwrap_or(file.deploy_within),
        rollout: times.rollout.unwrap_or(file.rollout),
        token_ttl: times.token_ttl.unwrap_or(file.token_ttl),
        overlap: times.overlap,
        ..file
    };
    let origins = Origins {
        flags: spans(times).map(|(name, _)| name).collect(),
        file: found.path.map(|_| (name, found.set)),
    };
    Ok(Rules { policy, origins, env_file: found.env_file, probe: found.probe })
}

/// The spans that are given with flags, by their names in a policy file.
fn spans(times: &Times) -> impl Iterator<Item = (&'static str, Seconds)> {
    let spans = [
        ("deploy_within", times.deploy_within),
        ("rollout", times.rollout),
        ("token_ttl", times.token_ttl),
        ("overlap", times.overlap),
    ];
    spans.into_iter().filter_map(|(name, span)| Some((name, span?)))
}

/// The options that a later command needs to count as this one does.
pub(crate) fn flags(times: &Times) -> Vec<String> {
    let spans = spans(times).map(|(name, span)| [format!("--{}", name.replace('_', "-")), span.compact()]);
    let policy = times.policy.policy.as_ref().map(|path| ["--policy".to_owned(), path.display().to_string()]);
    spans.chain(policy).flatten().collect()
}

/// The same for commands that keep a schedule: their spans have to go together.
pub(crate) fn of_schedule(
    args: &ScheduleArgs,
    source: &Source,
    world: &mut World<'_>,
) -> Result<Rules, Error> {
    let rules = rules(&args.times, source, world)?;
    let policy = Policy {
        rotate_every: args.rotate_every.unwrap_or(rules.policy.rotate_every),
        standby: args.standby.or(rules.policy.standby),
        ..rules.policy
    };
    policy.check().map_err(|invalid| Error::Policy {
        name: source.name(),
        line: None,
        what: invalid.to_string(),
    })?;
    let mut origins = rules.origins;
    origins.flags.extend(args.rotate_every.map(|_| "rotate_every"));
    origins.flags.extend(args.standby.map(|_| "standby"));
    Ok(Rules { policy, origins, ..rules })
}
