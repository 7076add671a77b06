//! Files: locks, links, permissions, and writes that fail. The real program where processes matter.

#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::dice::Noise;
use crate::common::process::{PROGRAM, program, shell};
use crate::common::{NOW, Scene, date, skip};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::{Locked, StoreError, create};
use powersync_jwks::time::FixedClock;
use powersync_jwks::{Cli, Terminal, World, run};

const CONFIG: &str = "storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY
        kid: prod-1
";

fn key_count(text: &str) -> usize {
    Config::parse_str(text, Input::Yaml).unwrap().entries().len()
}

/// The names in the directory: no temporary file may be left.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn many_processes_lose_no_key() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    let children: Vec<_> = (0..16)
        .map(|_| {
            program(scene.folder.path())
                .args(["add", "--yes"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        })
        .collect();
    for child in children {
        assert!(child.unwrap().wait().unwrap().success());
    }
    assert_eq!(key_count(&scene.text("powersync.yaml")), 17);
    assert_eq!(names(scene.folder.path()), ["powersync.yaml"]);
}

#[test]
fn a_second_run_waits_and_says_so() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    let locked = Locked::open(&scene.path("powersync.yaml"), || panic!("nobody holds the lock")).unwrap();
    let mut child = program(scene.folder.path())
        .args(["add", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = [0; 22];
    stderr.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"Another run is writing");
    assert_eq!(scene.text("powersync.yaml"), CONFIG);
    drop(locked);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert_eq!(key_count(&scene.text("powersync.yaml")), 2);
}

#[test]
fn a_lock_on_a_replaced_file_is_not_taken_for_one_on_the_new_file() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    let path = scene.path("powersync.yaml");
    let locked = Locked::open(&path, || ()).unwrap();
    locked.replace(CONFIG.as_bytes(), b"port: 1\n").unwrap();
    // The lock is still held, but on the file that is gone.
    assert!(matches!(locked.replace(CONFIG.as_bytes(), b"port: 2\n"), Err(StoreError::Changed)));
    assert_eq!(scene.text("powersync.yaml"), "port: 1\n");
    Locked::open(&path, || panic!("the new file is free")).unwrap();
}

/// A person whose first answer comes after someone else's edit.
struct EditsThenAnswers<'a> {
    path: &'a Path,
    edited: bool,
    answer: &'a [u8],
}

impl Read for EditsThenAnswers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.edited {
            fs::write(self.path, format!("{CONFIG}port: 8080\n"))?;
            self.edited = true;
        }
        self.answer.read(buffer)
    }
}

/// Runs a rotation, whose file is edited before the first answer. Gives the exit code and what was said.
fn rotate_while_edited(scene: &Scene, answer: &[u8]) -> (u8, String) {
    let path = scene.path("powersync.yaml");
    let cli = Cli::read(["powersync-jwks", "rotate"]).unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = run(
        &cli,
        &mut World {
            clock: &FixedClock(date(NOW)),
            random: &Noise::new(1),
            directory: scene.folder.path().to_owned(),
            variable: &|_| None,
            stdin: &mut EditsThenAnswers { path: &path, edited: false, answer },
            stdout: &mut stdout,
            stderr: &mut stderr,
            terminal: Terminal { stdin: true, stderr: true, width: None },
            ask: &powersync_jwks::probe::not_built_in,
            sleep: &|_| {},
        },
    );
    (code, String::from_utf8(stderr).unwrap())
}

#[test]
fn a_file_that_changed_since_the_diff_was_shown_is_planned_and_asked_about_again() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    let (code, stderr) = rotate_while_edited(&scene, b"y\n");
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("powersync.yaml changed while waiting; updated plan:"), "{stderr}");
    assert_eq!(stderr.matches("[y/N]").count(), 2, "{stderr}");
    assert_eq!(scene.text("powersync.yaml"), format!("{CONFIG}port: 8080\n"));

    let scene = Scene::with("powersync.yaml", CONFIG);
    let (code, stderr) = rotate_while_edited(&scene, b"y\ny\n");
    assert_eq!(code, 0, "{stderr}");
    let written = scene.text("powersync.yaml");
    assert!(written.ends_with("port: 8080\n") && written.contains("kid: 2026-11-23-"), "{written}");
}

#[test]
fn permissions_stay_and_links_are_followed() {
    let scene = Scene::with("real/powersync.yaml", CONFIG);
    let real = scene.path("real/powersync.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/powersync.yaml", scene.path("powersync.yaml")).unwrap();
    assert_eq!(scene.run("add --yes").code, 0);
    assert!(fs::symlink_metadata(scene.path("powersync.yaml")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(key_count(&scene.text("real/powersync.yaml")), 2);
    assert_eq!(names(&scene.path("real")), ["powersync.yaml"]);
}

#[test]
fn links_that_lead_nowhere_or_in_circles() {
    let scene = Scene::new();
    symlink("b.yaml", scene.path("a.yaml")).unwrap();
    symlink("a.yaml", scene.path("b.yaml")).unwrap();
    symlink("missing.yaml", scene.path("c.yaml")).unwrap();
    for (name, said) in [("a.yaml", "leads back to itself"), ("c.yaml", "no such file")] {
        for command in ["status", "add --yes"] {
            let outcome = scene.run(&format!("-c {name} {command}"));
            assert_eq!(outcome.code, 2);
            assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_file_with_several_names_is_not_split() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    fs::hard_link(scene.path("powersync.yaml"), scene.path("other.yaml")).unwrap();
    let outcome = scene.run("add --yes");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("hard links"), "{}", outcome.stderr);
    assert_eq!(scene.text("other.yaml"), CONFIG);
}

#[test]
fn a_read_only_file_stays() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    fs::set_permissions(scene.path("powersync.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    let outcome = scene.run("add --yes");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("read-only"), "{}", outcome.stderr);
    assert_eq!(scene.text("powersync.yaml"), CONFIG);
}

#[test]
fn a_folder_that_may_not_be_written_leaves_the_file() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    let folder = scene.folder.path();
    let own = fs::metadata(folder).unwrap().uid();
    // Root may write anywhere, so the program runs as somebody else then.
    let other = if own == 0 { 65534 } else { own };
    fs::set_permissions(scene.path("powersync.yaml"), fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    let output = program(folder).args(["add", "--yes"]).uid(other).output();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let Ok(output) = output else {
        skip("the program can't be run as another user here");
        return;
    };
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("no permission to write in this file's directory"), "{stderr}");
    assert_eq!(scene.text("powersync.yaml"), CONFIG);
}

#[test]
fn a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else() {
    // No file may grow beyond nothing: the write of the temporary file fails, as on a full disk.
    let scene = Scene::with("powersync.yaml", CONFIG);
    let script = format!("trap '' XFSZ; ulimit -f 0; exec '{PROGRAM}' add --yes");
    let output = shell(scene.folder.path(), &script).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("The file is as it was"), "{stderr}");
    assert_eq!(scene.text("powersync.yaml"), CONFIG);
    assert_eq!(names(scene.folder.path()), ["powersync.yaml"]);
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let scene = Scene::new();
    let pipe = scene.path("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let outcome = scene.run("-c pipe.yaml status");
    assert!(outcome.stderr.contains("not a file but a device, pipe or socket"), "{}", outcome.stderr);
}

#[test]
fn large_files_are_refused() {
    let scene = Scene::new();
    let file = fs::File::create(scene.path("powersync.yaml")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    for command in ["status", "rotate --yes"] {
        let outcome = scene.run(command);
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains("larger than 64 MiB"), "{}", outcome.stderr);
    }
}

#[test]
fn output_nobody_reads_is_no_crash() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    let mut child = program(scene.folder.path())
        .arg("status")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    child.wait().unwrap();
    assert!(!stderr.contains("internal error"), "{stderr}");
}

#[test]
fn a_new_file_has_its_mode_and_takes_the_place_of_nothing() {
    let scene = Scene::new();
    let new = scene.path("deep/er/new");
    create(&new, b"one", 0o600).unwrap();
    assert_eq!(fs::metadata(&new).unwrap().mode() & 0o777, 0o600);
    assert!(matches!(create(&new, b"two", 0o644), Err(StoreError::Exists)));
    symlink("nowhere", scene.path("link")).unwrap();
    assert!(matches!(create(&scene.path("link"), b"two", 0o644), Err(StoreError::Exists)));
    assert!(matches!(create(&new.join("below"), b"two", 0o644), Err(StoreError::ReadOnly(_))));
    assert_eq!(fs::read(&new).unwrap(), b"one");
    assert_eq!(names(&scene.path("deep/er")), ["new"]);
}

#[test]
fn copies_are_kept_beside_one_another() {
    let scene = Scene::with("file", "now");
    let locked = Locked::open(&scene.path("file"), || {}).unwrap();
    for copy in ["file.bak", "file.bak2", "file.bak3"] {
        let kept = locked.keep_copy(copy.as_bytes()).unwrap();
        assert_eq!(kept.file_name().unwrap().to_str(), Some(copy));
    }
    assert_eq!(scene.text("file.bak"), "file.bak");
    locked.overwrite(b"now", b"then", 0o600).unwrap();
    assert_eq!(
        (scene.text("file").as_str(), fs::metadata(scene.path("file")).unwrap().mode() & 0o777),
        ("then", 0o600)
    );
    // Of the file it was locked as, nothing is left.
    assert!(matches!(locked.overwrite(b"then", b"later", 0o600), Err(StoreError::Changed)));
}

#[test]
fn a_secret_is_written_into_a_new_file_that_only_its_owner_reads() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    assert_eq!(scene.run("export --out secret.env").code, 0);
    let mode = fs::metadata(scene.path("secret.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(scene.text("secret.env").starts_with("POWERSYNC_JWT_KID="));
    symlink("elsewhere", scene.path("link.env")).unwrap();
    for name in ["secret.env", "link.env"] {
        let before = scene.text("secret.env");
        assert_eq!(scene.run(&format!("export --as raw --out {name}")).code, 2, "{name}");
        assert_eq!(scene.text("secret.env"), before);
    }
    // Nothing is left behind, neither there nor where the link leads.
    let names = fs::read_dir(scene.folder.path()).unwrap().count();
    assert_eq!(names, 3);
}

/// The temporary file of a run that was killed holds secrets: the next one that writes this file removes it, and none that
/// another run is writing.
#[test]
fn what_a_killed_run_left_is_removed() {
    for (line, file) in [("rotate --yes", "powersync.yaml"), ("export --out new.env", "new.env")] {
        let scene = Scene::with("powersync.yaml", CONFIG);
        let (left, others) = (format!(".{file}.jwks-aB3xYz.tmp"), format!(".{file}.jwks-Zz9xYz.tmp"));
        scene.write(&left, "k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY");
        scene.write(&others, "half of it");
        // Killed between its two steps, where a file can't be renamed without replacing another.
        if file == "powersync.yaml" {
            fs::hard_link(scene.path(file), scene.path(".powersync.yaml.jwks-Qq1xYz.tmp")).unwrap();
        }
        let writing = fs::File::open(scene.path(&others)).unwrap();
        writing.lock().unwrap();
        let outcome = scene.run(line);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let names = names(scene.folder.path());
        let temporary: Vec<&String> = names.iter().filter(|name| name.contains(".jwks-")).collect();
        assert_eq!(temporary, [&others], "{names:?}");
    }
}
