//! A branch that would keep a config, or what happens to it, out of sight.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BAD, BASE, FOUND, branch, commit, has};
use crate::common::process::git;
use crate::common::{Outcome, Scene};

/// Fails where the bad change of `deploy/powersync.yaml` could pass: neither found, nor named as not compared.
fn is_seen(outcome: &Outcome) {
    let all = super::all(outcome);
    assert!(outcome.code > 0, "{all}");
    assert!(
        all.contains(FOUND) || all.contains("not judged in full") || all.contains("last-key-removed"),
        "{all}"
    );
    assert!(!all.contains("No change visible"), "{all}");
}

/// Ignore files that name the config, and directories that are usually left out.
#[test]
fn ignore_files() {
    for name in [
        "deploy/powersync.yaml",
        "node_modules/x/powersync.yaml",
        ".hidden/powersync.yml",
        "a/b/POWERSYNC.YAML",
    ] {
        let scene = branch();
        scene.write(name, BASE);
        commit(&scene);
        git(scene.folder.path(), &["branch", "--force", "base"]);
        for ignore in [".gitignore", ".ignore", ".rgignore", ".git/info/exclude", "deploy/.gitignore"] {
            scene.write(ignore, "*\n");
        }
        scene.write(name, BAD.replace("HS256", "HS999"));
        has(&scene.run("check ."), 1, &[name, "unknown-alg"]);
        has(&scene.run("diff --git base"), 1, &[name, FOUND]);
        commit(&scene);
        has(&scene.run("check ."), 1, &[name, "unknown-alg"]);
        has(&scene.run("diff --git base"), 1, &[name, FOUND]);
    }
}

/// Names of members that are written in another way than the text that is looked for.
#[test]
fn names_in_other_spellings() {
    let scene = branch();
    let spellings = [
        ("\"client_\\x61uth\":", "client_auth:"),
        ("\"client\\u005fauth\":", "client_auth:"),
        ("\"\\U00000063lient_auth\":", "client_auth:"),
        ("\"client_\\\n  auth\":", "client_auth:"),
        ("? client_auth\n:", "client_auth:"),
        ("'client_auth' :", "client_auth:"),
        ("!!str client_auth:", "client_auth:"),
        ("&a client_auth:", "client_auth:"),
    ];
    for (new, old) in spellings {
        // A new file, since of one that was a config each text is compared.
        scene.write("new/other.yaml", BAD.replace(old, new).replace("HS256", "HS999"));
        for command in ["diff --git main", "check ."] {
            let outcome = scene.run(command);
            has(&outcome, outcome.code.max(1), &["new/other.yaml"]);
        }
        // What can't be read isn't passed over either.
        scene.write("new/other.yaml", format!("{}\nx: [\n", BAD.replace(old, new)));
        assert!(scene.run("diff --git main").code > 0, "{new}");
        assert!(scene.run("check .").code > 0, "{new}");
    }
    scene.write("new/other.yaml", "");
    scene.write("new/other.json", "{\"client_\\u0061uth\": {\"jwks\": {\"keys\": [{\"kty\": \"x\"}]}}}");
    has(&scene.run("diff --git main"), 1, &["new/other.json"]);
}

#[cfg(unix)]
fn link(scene: &Scene, name: &str, target: &str) {
    let _ = std::fs::remove_file(scene.path(name));
    std::os::unix::fs::symlink(target, scene.path(name)).unwrap();
}

/// A config that becomes a link to another file of the branch: it is compared through it.
#[cfg(unix)]
#[test]
fn a_config_behind_a_link() {
    let scene = branch();
    scene.write("deploy/text.md", BAD);
    link(&scene, "deploy/powersync.yaml", "text.md");
    has(&scene.run("diff --git main"), 1, &["deploy/powersync.yaml", FOUND]);
    commit(&scene);
    has(&scene.run("diff --git main"), 1, &["deploy/powersync.yaml", FOUND]);
    // And from a link to another, in the base as well.
    git(scene.folder.path(), &["branch", "--force", "base"]);
    scene.write("deploy/text.md", BAD.replace("HS256", "HS999"));
    has(&scene.run("diff --git base"), 1, &["deploy/powersync.yaml", "unknown-alg"]);
    has(&scene.run("check ."), 1, &["deploy/powersync.yaml", "unknown-alg"]);
}

/// A directory that becomes a link to another.
#[cfg(unix)]
#[test]
fn a_directory_behind_a_link() {
    let scene = branch();
    std::fs::remove_dir_all(scene.path("deploy")).unwrap();
    scene.write("other/powersync.yaml", BAD);
    link(&scene, "deploy", "other");
    commit(&scene);
    has(&scene.run("diff --git main"), 1, &["deploy/powersync.yaml", FOUND]);
}

/// A config that becomes a link out of the repository, to nothing, into `.git`, to itself, or to a device.
#[cfg(unix)]
#[test]
fn a_link_that_leads_elsewhere() {
    let elsewhere = Scene::with("secret.yaml", BASE.replace("prod", "elsewhere"));
    let outside = elsewhere.path("secret.yaml").display().to_string();
    for target in [
        &*outside,
        "../../../../../../../etc/hostname",
        "nothing",
        "powersync.yaml",
        "../.git/config",
        "/dev/zero",
        "/dev/stdin",
    ] {
        let scene = branch();
        link(&scene, "deploy/powersync.yaml", target);
        for _ in 0..2 {
            let outcome = scene.run("diff --git main");
            has(&outcome, 2, &["1 file not judged in full:\n  deploy/powersync.yaml: "]);
            assert!(!super::all(&outcome).contains("elsewhere-"), "{outcome:?}");
            assert!(!super::all(&scene.run("check .")).contains("elsewhere-"));
            commit(&scene);
        }
    }
}

/// A submodule in place of the directory, or beside it.
#[test]
fn a_submodule() {
    let other = Scene::with("powersync.yaml", BAD);
    git(other.folder.path(), &["init", "--quiet"]);
    commit(&other);
    let url = format!("file://{}", other.folder.path().display());
    let scene = branch();
    git(scene.folder.path(), &["submodule", "--quiet", "add", &url, "vendor"]);
    commit(&scene);
    let beside = scene.run("diff --git main");
    has(&beside, 0, &["1 file not judged in full:\n  vendor: a submodule"]);
    assert!(!super::all(&beside).contains("No change visible"));
    has(&scene.run("diff --git main --deny not-compared"), 1, &["vendor: a submodule"]);
    for format in ["json", "github", "sarif", "markdown"] {
        has(&scene.run(&format!("diff --git main --format {format}")), 0, &["vendor", "a submodule"]);
    }
    git(scene.folder.path(), &["rm", "--quiet", "-r", "deploy"]);
    git(scene.folder.path(), &["submodule", "--quiet", "add", &url, "deploy"]);
    commit(&scene);
    has(&scene.run("diff --git main"), 2, &["deploy/powersync.yaml: a submodule"]);
}

/// A config that turns into a form that isn't looked into, into a directory, or into a file that is too large.
#[test]
fn forms_that_are_not_looked_into() {
    let scene = branch();
    let map = BAD.replace('\n', "\n    ");
    scene.write(
        "deploy/powersync.yaml",
        format!("---\napiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    {map}\n"),
    );
    is_seen(&scene.run("diff --git main"));
    let file = std::fs::File::create(scene.path("deploy/powersync.yaml")).unwrap();
    file.set_len(65 * 1024 * 1024).unwrap();
    has(
        &scene.run("diff --git main"),
        2,
        &["not judged in full:\n  deploy/powersync.yaml: ", "larger than 64 MiB"],
    );
    std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
    scene.write("deploy/powersync.yaml/powersync.yaml", BAD);
    is_seen(&scene.run("diff --git main"));
    scene.write("deploy/powersync.yaml/powersync.yaml", "");
    is_seen(&scene.run("diff --git main"));
}

/// A config that git no longer tracks, although the file is still there.
#[test]
fn a_file_that_git_forgets() {
    let scene = branch();
    git(scene.folder.path(), &["rm", "--quiet", "--cached", "deploy/powersync.yaml"]);
    scene.write(".gitignore", "powersync.yaml\n");
    is_seen(&scene.run("diff --git main"));
}

/// Flags of git's index that say a file is as it was.
#[test]
fn flags_of_the_index() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let scene = branch();
        git(scene.folder.path(), &["update-index", flag, "deploy/powersync.yaml"]);
        scene.write("deploy/powersync.yaml", BAD);
        has(&scene.run("diff --git main"), 1, &[FOUND]);
    }
    // Where a sparse checkout has no file, git's own copy is what is meant.
    let scene = branch();
    scene.write("deploy/powersync.yaml", BAD);
    commit(&scene);
    git(scene.folder.path(), &["update-index", "--skip-worktree", "deploy/powersync.yaml"]);
    std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
    has(&scene.run("diff --git main"), 1, &[FOUND]);
}

/// A config that moves to another directory, another name or another syntax.
#[test]
fn a_config_that_moves() {
    let json = r#"{"storage": {"type": "mongodb"}, "client_auth": {"audience": ["app"], "jwks": {"keys": [
        {"kty": "oct", "alg": "HS256", "kid": "prod-2", "k": "7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY", "iat": 1795000000}]}}}"#;
    for (name, text) in [
        ("elsewhere/powersync.yaml", BAD),
        ("deploy/service.yml", BAD),
        ("deploy/powersync.json", json),
        ("a/powersync.yaml", &format!("# {}\n{BAD}", "another text altogether ".repeat(50))),
    ] {
        let scene = branch();
        std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
        scene.write(name, text);
        let outcome = scene.run("diff --git main");
        has(&outcome, 1, &[name, "there deploy/powersync.yaml", FOUND, "1 config compared: 1 error"]);
        commit(&scene);
        has(&scene.run("diff --git main"), 1, &[name, "there deploy/powersync.yaml", FOUND]);
    }
}

/// Line endings, encodings and attributes that change the text on its way into the working tree.
#[test]
fn attributes_that_change_the_text() {
    for attributes in
        ["* text eol=crlf", "* ident", "*.yaml -diff -text", "*.yaml binary", "*.yaml linguist-generated"]
    {
        let scene = branch();
        scene.write(".gitattributes", format!("{attributes}\n"));
        scene.write(
            "deploy/powersync.yaml",
            BAD.replace('\n', if attributes.contains("crlf") { "\r\n" } else { "\n" }),
        );
        has(&scene.run("diff --git main"), 1, &[FOUND]);
        commit(&scene);
        has(&scene.run("diff --git main"), 1, &[FOUND]);
    }
    let scene = branch();
    scene.write("deploy/powersync.yaml", BAD.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    has(&scene.run("diff --git main"), 1, &["unreadable"]);
}

/// A link that led nowhere in the base, and leads to a config now.
#[test]
fn a_link_that_begins_to_lead_somewhere() {
    let scene = branch();
    git(scene.folder.path(), &["switch", "--quiet", "main"]);
    std::os::unix::fs::symlink("local/text", scene.path("deploy/override.yaml")).unwrap();
    commit(&scene);
    git(scene.folder.path(), &["switch", "--quiet", "--force-create", "branch"]);
    assert!(scene.run("diff --git main").stdout.starts_with("✅ No config changes"));
    scene.write("deploy/local/text", BAD);
    commit(&scene);
    has(&scene.run("diff --git main"), 0, &["key-added", "deploy/override.yaml"]);
    has(&scene.run("diff --git main..HEAD"), 0, &["key-added", "deploy/override.yaml"]);
}

/// Names by which nobody would take a file for a config.
#[test]
fn names_that_say_nothing() {
    let wrapped = |text: &str| format!("POWERSYNC_CONFIG_B64={}\n", STANDARD.encode(text));
    for name in ["powersync.conf", "config", "mounts/x.tmpl", "a.txt", ".env.prod", "deploy/.env"] {
        let scene = branch();
        let held = |text: &str| if name == "deploy/.env" { wrapped(text) } else { text.to_owned() };
        scene.write(name, held(BASE));
        commit(&scene);
        git(scene.folder.path(), &["branch", "--force", "main"]);
        scene.write(name, held(BAD));
        has(&scene.run("diff --git"), 1, &[name, FOUND]);
        has(&scene.run("check . --deny warnings"), 1, &[name]);
    }
}

/// Forms that the service reads and we don't, or that are in another file: none of them is passed over.
#[test]
fn forms_that_are_passed_over_nowhere() {
    let evil = BASE.replace("prod-1", "evil");
    let secret = |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: ps}}\n{data}");
    let twice = |text: &str| STANDARD.encode(STANDARD.encode(text));
    let indented = |text: &str| text.replace('\n', "\n    ");
    let latin = [evil.as_bytes(), b"# caf\xe9\n"].concat();
    let alias = format!("x: &k client_auth\n{}", evil.replace("client_auth:", "*k :"));
    let flow = "&a\n{\"a\": \"\u{2028}\", \"client_auth\": {\"audience\": [\"app\"]}}\n";
    let deep = format!("{}powersync.yaml", "d/".repeat(80));
    let lines: String = STANDARD
        .encode(&evil)
        .as_bytes()
        .chunks(30)
        .fold(String::new(), |text, line| text + std::str::from_utf8(line).unwrap() + "\n");
    let once = secret(&format!("data:\n  POWERSYNC_CONFIG_B64: {}\n", twice(BASE)));
    let over = format!("{once}stringData:\n  POWERSYNC_CONFIG_B64: {}\n", STANDARD.encode(&evil));
    let text = format!("{once}stringData:\n  powersync.yaml: |\n    {}\n", indented(&alias));
    for (name, old, new) in [
        ("a.yaml", None, latin.clone()),
        ("a.yaml", Some(BASE.to_owned()), latin),
        ("a.yaml", None, alias.clone().into_bytes()),
        ("a.yaml", None, flow.as_bytes().to_vec()),
        ("a.yaml", Some(once.clone()), over.into_bytes()),
        ("a.yaml", Some(once), text.into_bytes()),
        ("powersync.b64", None, STANDARD.encode(&evil).into_bytes()),
        ("values.yaml", None, format!("app: {{configB64: {}}}\n", STANDARD.encode(&evil)).into_bytes()),
        ("Dockerfile", None, format!("FROM x\nENV A={}\n", STANDARD.encode(&evil)).into_bytes()),
        ("prod.env", None, format!("a.b=1\nA={}\n", STANDARD.encode(&evil)).into_bytes()),
        ("powersync.prod", None, evil.clone().into_bytes()),
        (deep.as_str(), None, evil.clone().into_bytes()),
        ("tasks.yaml", None, format!("- copy:\n    content: |\n      {}\n", indented(&evil)).into_bytes()),
        ("lines.b64", None, lines.into_bytes()),
    ] {
        let scene = branch();
        if let Some(old) = &old {
            scene.write(name, old);
            commit(&scene);
            git(scene.folder.path(), &["branch", "--force", "main"]);
        }
        scene.write(name, &new);
        let outcome = scene.run("diff --git --deny not-compared --deny warnings");
        has(&outcome, if outcome.code == 2 { 2 } else { 1 }, &[name]);
    }
}

/// What is around a config decides which file the service reads, and where a config moves, it has to be told.
#[test]
fn the_file_that_the_service_is_told() {
    let compose = |path: &str| {
        let config = BASE.replace('\n', "\n      ");
        format!(
            "services:\n  ps:\n    image: journeyapps/powersync-service\n    environment: {{POWERSYNC_CONFIG_PATH: {path}}}\n\
             configs:\n  c:\n    content: |\n      {config}\n"
        )
    };
    let scene = branch();
    scene.write("compose.yaml", compose("/config/powersync.yaml"));
    commit(&scene);
    git(scene.folder.path(), &["branch", "--force", "main"]);
    scene.write("compose.yaml", compose("/config/other.yaml"));
    has(&scene.run("diff --git"), 0, &["Not judged: what is around the config in compose.yaml changed"]);
    has(&scene.run("diff --git --deny not-compared"), 1, &[]);
    for name in ["Dockerfile", ".env", "start.sh", "package.json"] {
        let scene = branch();
        scene.write(name, "{\"x\": \"POWERSYNC_CONFIG_PATH=/config/other.dat\"}\n");
        has(
            &scene.run("diff --git --deny not-compared"),
            1,
            &[name, "tells the service where its config is"],
        );
    }
    let scene = branch();
    git(scene.folder.path(), &["mv", "deploy/powersync.yaml", "old.yaml"]);
    for format in ["human", "json", "markdown", "github", "sarif"] {
        has(&scene.run(&format!("diff --git --deny warnings --format {format}")), 1, &["config-moved"]);
    }
}

/// Comments that begin blocks and never end them, and a line of more values than anyone writes.
#[test]
fn texts_that_take_long() {
    let scene = branch();
    let blocks: Vec<String> = (0..60_000).map(|n| format!("# -----BEGIN A{n}-----\n#.\n")).collect();
    let blocks = blocks.concat();
    scene.write("deploy/powersync.yaml", format!("{BASE}{blocks}"));
    has(&scene.run("diff --git"), 0, &[]);
    scene.write("deploy/powersync.yaml", format!("{BASE}z: [{}a]\n", "a,".repeat(4_000_000)));
    has(&scene.run("diff --git"), 1, &["more than four million values"]);
    let keys: Vec<String> = (0..2000)
        .map(|n| format!("      - {{kty: oct, alg: HS256, kid: a{n}, k: !env PS_A{n}}}\n"))
        .collect();
    let keys = keys.concat();
    scene.write("deploy/powersync.yaml", format!("{BASE}{keys}"));
    has(&scene.run("diff --git"), 0, &["PS_A1999"]);
}
