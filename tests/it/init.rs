//! Every config that `init` can write is one our own reader takes, and no secret leaves the files meant for it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{NOW, Scene, date};
use powersync_jwks::config::{Audience, Config, Input};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::keyset::{KeySet, Material, SecretSource};
use proptest::prelude::*;

const SOURCES: [&str; 5] = ["postgresql", "mongodb", "mysql", "mssql", "convex"];
const STORAGES: [&str; 2] = ["mongodb", "postgresql"];
/// Where the secrets are, as options and as the file that holds them.
const SECRETS: [&str; 3] = ["--secrets env", "--secrets env --compose", "--secrets inline"];
/// How the files are laid out: the config, its env file, its Compose file.
const LAYOUTS: [(&str, &str, &str, &str); 2] = [
    ("service", "powersync.yaml", ".env", "compose.yaml"),
    ("cli", "powersync/service.yaml", "powersync/docker/.env", "powersync/docker/docker-compose.yaml"),
];

/// One combination of the options.
struct Combination {
    options: String,
    secrets: &'static str,
    storage: &'static str,
    config: &'static str,
    env: &'static str,
    compose: &'static str,
}

fn combinations() -> Vec<Combination> {
    let mut all = Vec::new();
    for source in SOURCES {
        for storage in STORAGES {
            for secrets in SECRETS {
                for (layout, config, env, compose) in LAYOUTS {
                    let options =
                        format!("--source {source} --storage {storage} {secrets} --layout {layout}");
                    all.push(Combination { options, secrets, storage, config, env, compose });
                }
            }
        }
    }
    all
}

/// A directory in a git repository.
fn repository() -> Scene {
    Scene::with(".git/HEAD", "ref: refs/heads/main\n")
}

/// All files of a directory, with their paths from it.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The values of the generated variables that an env file has.
fn generated(env: &EnvFile) -> Vec<(&'static str, String)> {
    let names = ["PS_JWKS_KEY_1", "PS_ADMIN_TOKEN", "PS_STORAGE_PASSWORD"];
    names.into_iter().filter_map(|name| Some((name, env.value(name)?.to_owned()))).collect()
}

#[test]
fn every_combination_is_read_as_one_strong_key_made_now() {
    for Combination { options, secrets, config, env, .. } in combinations() {
        let scene = repository();
        let outcome = scene
            .run(&format!("init --yes {options} --audience 'it''s one' --audience https://two --port 9000"));
        assert_eq!(outcome.code, 0, "{options}: {}", outcome.stderr);
        let bytes = scene.read(config);
        let read = Config::parse(&bytes, Input::Yaml).unwrap_or_else(|error| panic!("{options}: {error:?}"));
        let variables = (secrets != "--secrets inline").then(|| EnvFile::parse(&scene.read(env)).unwrap());
        let value = |name: &str| {
            let value = variables.as_ref()?.value(name)?;
            Some(zeroize::Zeroizing::new(value.to_owned()))
        };
        let keys = KeySet::read_with(&read, &value);
        assert_eq!((keys.audience, keys.check_start()), (Audience::Set, Ok(())), "{options}");
        let [key] = keys.keys() else { panic!("{options}: {} keys", keys.keys().len()) };
        assert!(keys.is_current(key), "{options}");
        assert_eq!(key.iat.value(), Some(&date(NOW)), "{options}");
        assert!(key.kid.value().unwrap().as_str().starts_with("2026-11-23-"), "{options}");
        let Material::Symmetric { secret, .. } = &key.material else { panic!("{options}") };
        let known = match secret {
            SecretSource::Inline(known) => known,
            SecretSource::Variable { name, known } => {
                assert_eq!(name, "PS_JWKS_KEY_1", "{options}");
                known.as_ref().unwrap()
            }
        };
        assert_eq!((known.secret.bytes().len(), known.weakness), (32, None), "{options}");

        let doc = read.document();
        let member = |id, name| doc.member(id, name).map(|(_, value)| value);
        let auth = member(doc.root(), "client_auth").unwrap();
        let audience = doc.items(member(auth, "audience").unwrap()).unwrap();
        let audience: Vec<&str> = audience.iter().map(|id| doc.string(*id).unwrap()).collect();
        assert_eq!(audience, ["its one", "https://two"], "{options}");

        // The next commands work on it, and every variable of the config has a value.
        assert_eq!(scene.run("status").code, 0, "{options}");
        let outcome = scene.run(&format!("-c {config} init --fill --yes --env-file {env}"));
        assert!(outcome.stderr.starts_with("Nothing to generate"), "{options}: {}", outcome.stderr);
    }
}

#[test]
fn no_generated_secret_is_shown_or_stands_in_a_file_that_is_not_meant_for_it() {
    for Combination { options, secrets, config, env, storage, compose } in combinations() {
        let scene = repository();
        let outcome = scene.run(&format!("init --yes {options}"));
        let written = files(scene.folder.path());
        let content =
            |name: &str| written.iter().find(|(path, _)| path == Path::new(name)).unwrap().1.clone();
        let (home, secrets): (&str, Vec<String>) = if secrets == "--secrets inline" {
            let text = content(config);
            let long = |word: &&str| word.len() == 43 && !word.contains([':', '/']);
            let words = text.split([' ', '\'', '\n']).filter(long).map(str::to_owned);
            (config, words.collect())
        } else {
            let parsed = EnvFile::parse(content(env).as_bytes()).unwrap();
            (env, generated(&parsed).into_iter().map(|(_, value)| value).collect())
        };
        let password = options.contains("--compose") && storage == "postgresql";
        assert_eq!(secrets.len(), if password { 3 } else { 2 }, "{options}");
        for secret in &secrets {
            assert_eq!(secret.len(), 43, "{options}");
            assert!(
                !outcome.stdout.contains(secret.as_str()) && !outcome.stderr.contains(secret.as_str()),
                "{options}"
            );
            let places: Vec<&PathBuf> = written
                .iter()
                .filter(|(_, text)| text.contains(secret.as_str()))
                .map(|(path, _)| path)
                .collect();
            assert_eq!(places, [Path::new(home)], "{options}");
        }
        // The file that holds them is for its owner alone, and git ignores it.
        #[cfg(unix)]
        for (path, _) in written.iter().filter(|(path, _)| !path.starts_with(".git")) {
            let expected = if path == Path::new(home) { 0o600 } else { 0o644 };
            assert_eq!(mode(&scene.path(path.to_str().unwrap())), expected, "{options}: {}", path.display());
        }
        let ignored = content(".gitignore");
        assert!(
            ignored.lines().any(|line| home.ends_with(line.trim_start_matches('/'))),
            "{options}: {ignored}"
        );
        assert_eq!(written.iter().any(|(path, _)| path == Path::new(compose)), options.contains("--compose"));
    }
}

#[test]
fn compose_passes_the_variables_and_mounts_what_the_service_reads() {
    for Combination { options, config, env, compose, .. } in combinations() {
        if !options.contains("--compose") {
            continue;
        }
        let scene = Scene::new();
        assert_eq!(scene.run(&format!("init --yes {options} --port 9000")).code, 0);
        let file: serde_yaml::Value = serde_yaml::from_str(&scene.text(compose)).unwrap();
        let folder = Path::new(compose).parent().unwrap();
        let service = &file["services"]["powersync"];
        let env_file = folder.join(service["env_file"].as_str().unwrap());
        assert_eq!(env_file, Path::new(env), "{options}");
        assert_eq!(service["ports"][0].as_str(), Some("9000:9000"), "{options}");
        for part in service["healthcheck"]["test"].as_sequence().unwrap() {
            assert!(part.is_string(), "{options}: {part:?}");
        }
        let inside = service["environment"]["POWERSYNC_CONFIG_PATH"].as_str().unwrap();
        let mounts: Vec<(PathBuf, &str)> = service["volumes"]
            .as_sequence()
            .unwrap()
            .iter()
            .map(|mount| {
                let (host, rest) = mount.as_str().unwrap().split_once(':').unwrap();
                (
                    fs::canonicalize(scene.folder.path().join(folder).join(host)).unwrap(),
                    rest.trim_end_matches(":ro"),
                )
            })
            .collect();
        let real = |name: &str| fs::canonicalize(scene.path(name)).unwrap();
        assert!(mounts.contains(&(real(config), inside)), "{options}: {mounts:?}");
        // The sync config is looked for beside the config.
        let beside = Path::new(inside).with_file_name("sync-config.yaml");
        let sync = real(config).with_file_name("sync-config.yaml");
        assert!(mounts.contains(&(sync, beside.to_str().unwrap())), "{options}: {mounts:?}");
        let text = scene.text(config);
        let storage = file["services"]
            .as_mapping()
            .unwrap()
            .keys()
            .find_map(|name| name.as_str().filter(|name| *name != "powersync"));
        assert!(text.contains(storage.unwrap()), "{options}");
    }
}

/// Whatever a killed run leaves, the next one completes it: with the values that are there, and without a question of
/// overwriting.
#[test]
fn a_run_that_is_killed_after_any_file_can_be_run_again() {
    for Combination { options, config, .. } in combinations() {
        let whole = repository();
        assert_eq!(whole.run(&format!("init --yes {options}")).code, 0);
        let all: Vec<_> =
            files(whole.folder.path()).into_iter().filter(|(path, _)| !path.starts_with(".git/")).collect();
        for left in &all {
            if left.0 == Path::new(config) {
                continue;
            }
            let mut scene = repository();
            scene.write(left.0.to_str().unwrap(), &left.1);
            // Other random bytes than those of the run that was killed.
            scene.seed = 7;
            let outcome = scene.run(&format!("init --yes {options}"));
            assert_eq!(outcome.code, 0, "{options}, {}: {}", left.0.display(), outcome.stderr);
            assert_eq!(scene.text(left.0.to_str().unwrap()), left.1, "{options}: changed");
            let names =
                |all: &[(PathBuf, String)]| all.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
            let now: Vec<_> = files(scene.folder.path())
                .into_iter()
                .filter(|(path, _)| !path.starts_with(".git/"))
                .collect();
            assert_eq!(names(&now), names(&all), "{options}, {}", left.0.display());
        }
    }
}

#[test]
fn what_is_there_is_never_lost() {
    let scene = Scene::with("powersync.yaml", "# mine\nport: 80\n");
    scene.write("powersync.yaml.bak", "an older copy");
    scene.write("sync-config.yaml", "# my streams\n");
    let before = files(scene.folder.path());
    let outcome = scene.run("init --yes");
    assert!(outcome.code == 2 && outcome.stderr.contains("--allow overwrite"), "{}", outcome.stderr);
    assert_eq!(files(scene.folder.path()), before);
    assert_eq!(scene.run("init --yes --allow overwrite").code, 0);
    assert_eq!(scene.text("powersync.yaml.bak"), "an older copy");
    assert_eq!(scene.text("powersync.yaml.bak2"), "# mine\nport: 80\n");
    assert_eq!(scene.text("sync-config.yaml"), "# my streams\n");
    assert!(scene.text("powersync.yaml").contains("PS_JWKS_KEY_1"));
}

#[cfg(unix)]
#[test]
fn a_copy_keeps_its_mode_and_a_config_with_secrets_never_inherits_a_wider_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::with("powersync.yaml", "port: 80\n");
    fs::set_permissions(scene.path("powersync.yaml"), fs::Permissions::from_mode(0o664)).unwrap();
    assert_eq!(scene.run("init --yes --allow overwrite --secrets inline").code, 0);
    assert_eq!(mode(&scene.path("powersync.yaml")), 0o600);
    assert_eq!(mode(&scene.path("powersync.yaml.bak")), 0o664);
}

#[test]
fn a_dry_run_and_a_run_without_a_terminal_write_nothing() {
    for arguments in
        ["init --dry-run", "init", "init --dry-run --now 2027-01-01 --dir new --layout cli --compose"]
    {
        let scene = Scene::new();
        let outcome = scene.run(arguments);
        assert_eq!(outcome.code, if arguments == "init" { 2 } else { 0 }, "{}", outcome.stderr);
        assert!(files(scene.folder.path()).is_empty() && !scene.path("new").exists(), "{arguments}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_not_written_through() {
    let scene = Scene::new();
    std::os::unix::fs::symlink("/nowhere/at/all", scene.path("powersync.yaml")).unwrap();
    let outcome = scene.run("init --yes");
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(fs::symlink_metadata(scene.path("powersync.yaml")).unwrap().is_symlink());
}

proptest! {
    // Each case flushes several files to disk.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever text tokens are meant for, it is read back as it was said.
    #[test]
    fn any_audience_is_read_back(audience in "[!-~äß’😀][ -~äß’😀]{0,40}[!-~äß’😀]") {
        // Words of a test's command line are split at spaces outside of quotes.
        prop_assume!(!audience.contains('\'') && !audience.starts_with('-'));
        let scene = Scene::new();
        let outcome = scene.run(&format!("init --yes --secrets inline --audience '{audience}'"));
        prop_assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let bytes = scene.read("powersync.yaml");
        let config = Config::parse(&bytes, Input::Yaml).unwrap();
        let doc = config.document();
        let (_, auth) = doc.member(doc.root(), "client_auth").unwrap();
        let (_, list) = doc.member(auth, "audience").unwrap();
        prop_assert_eq!(doc.string(doc.items(list).unwrap()[0]), Some(audience.as_str()));
    }

    /// An env file gains what it lacks at its end or in place of an empty value, and no other byte changes.
    #[test]
    fn filling_an_env_file_keeps_every_other_byte(lines in prop::collection::vec("[A-Z]{1,6}=[a-z0-9]{0,6}|# [a-z ]{0,9}|", 0..6), crlf: bool) {
        let scene = Scene::with("powersync.yaml", "client_auth: {jwks_uri: 'https://a.example'}\napi:\n  tokens: [!env PS_ADMIN_TOKEN]\n");
        let mut old = lines.join(if crlf { "\r\n" } else { "\n" });
        old.push_str(if crlf { "\r\n" } else { "\n" });
        scene.write(".env", &old);
        let outcome = scene.run("init --fill --yes");
        prop_assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let new = scene.text(".env");
        let added = new.strip_prefix(&old).unwrap();
        prop_assert!(added.starts_with("PS_ADMIN_TOKEN=") && added.trim_end().len() == 15 + 43, "{added:?}");
    }
}
