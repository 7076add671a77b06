//! A branch that would judge itself: by comments, by the policy, by what it says it is.

use super::{BAD, BASE, FOUND, branch, commit, has};
use crate::common::Scene;
use crate::common::process::git;

const IGNORE: &str = "# powersync-jwks: ignore[removed-early] agreed with the team\n";

/// Makes `main` what the working tree is.
fn rebase(scene: &Scene) {
    commit(scene);
    git(scene.folder.path(), &["branch", "--force", "main"]);
}

/// A comment of the branch that would silence the finding about it.
#[test]
fn a_comment_of_the_branch() {
    let scene = branch();
    for comment in [
        IGNORE.to_owned(),
        IGNORE.replace(']', ", ignore-added, unused-ignore]"),
        format!("# k:\n{IGNORE}"),
        IGNORE.replace("# ", "#"),
    ] {
        scene.write("deploy/powersync.yaml", format!("{comment}{BAD}"));
        has(&scene.run("diff --git"), 1, &[FOUND]);
        has(&scene.run("diff --git --format sarif"), 1, &[FOUND]);
    }
    has(&scene.run("diff --git --rule removed-early,ignore-added"), 1, &[FOUND, "ignore-added"]);
    // At a key, too.
    let at_key =
        BAD.replace("kid: prod-2", "kid: prod-2 # powersync-jwks: ignore[weak-secret, removed-early] a test");
    scene.write("deploy/powersync.yaml", at_key);
    has(&scene.run("diff --git"), 1, &[FOUND]);
}

/// A comment of the base counts, and what it silences is counted, in every format.
#[test]
fn a_comment_of_the_base() {
    let scene = branch();
    scene.write("deploy/powersync.yaml", format!("{IGNORE}{BASE}"));
    rebase(&scene);
    scene.write("deploy/powersync.yaml", format!("{IGNORE}{BAD}"));
    has(
        &scene.run("diff --git"),
        0,
        &["1 finding is silenced by comments: removed-early (deploy/powersync.yaml"],
    );
    has(&scene.run("diff --git --format json"), 0, &["\"silenced\": [\n", "\"silenced\": 1"]);
    has(&scene.run("diff --git --format sarif"), 0, &["\"suppressions\"", "inSource"]);
    has(&scene.run("diff --git --format markdown"), 0, &["silenced by comments"]);
    // It holds for the key it is at: another secret under the same kid is another key.
    let weak = "7oOUMQRmDAtPFHSx";
    let at_key =
        |text: &str| text.replace("kid: prod-2", "kid: prod-2 # powersync-jwks: ignore[re-keyed] a test");
    scene.write("deploy/powersync.yaml", at_key(BASE));
    rebase(&scene);
    let other = BASE.replace("7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY", weak);
    scene.write("deploy/powersync.yaml", at_key(&other));
    has(&scene.run("diff --git"), 1, &["re-keyed"]);
}

/// A reason without words, and comments around one that would hide it from whoever reads the diff.
#[test]
fn a_reason_that_is_none() {
    let scene = branch();
    for reason in ["", "-", "ok", "...", "1234", "👍👍👍"] {
        scene.write(
            "deploy/powersync.yaml",
            format!("# powersync-jwks: ignore[missing-kid] {reason}\n{BASE}"),
        );
        has(&scene.run("check deploy/powersync.yaml --rule ignore-without-reason"), 0, &["1 warning"]);
    }
    for around in ["# k: |\n#  x\n", "# k:\n", "# password=\n", "# -----BEGIN X PRIVATE KEY-----\n"] {
        scene.write("deploy/powersync.yaml", format!("{around}{IGNORE}{BASE}"));
        has(&scene.run("redact deploy/powersync.yaml"), 0, &["powersync-jwks: ignore[removed-early]"]);
        has(&scene.run("diff --git"), 0, &["powersync-jwks: ignore[removed-early]"]);
    }
    // A secret in a reason is none of what is shown.
    scene.write(
        "deploy/powersync.yaml",
        format!("{}{BASE}", IGNORE.replace("agreed", "k: mWvJtPvLDbBY5hjZ7bXOX")),
    );
    assert!(!super::all(&scene.run("diff --git")).contains("mWvJtPvLDbBY5hjZ7bXOX"));
}

/// A policy that the branch adds or changes, under which its change would be fine.
#[test]
fn a_policy_of_the_branch() {
    const FAST: &str = "rotate_every: 2d\ndeploy_within: 1m\nrollout: 1m\ntoken_ttl: 1m\n";
    let until_soon = BASE.replace("exp: 1795858620", "exp: 1795427000");
    for place in ["powersync-jwks.yaml", "deploy/powersync-jwks.yaml"] {
        let scene = branch();
        scene.write(place, FAST);
        scene.write("deploy/powersync.yaml", BAD);
        has(
            &scene.run("diff --git"),
            1,
            &[FOUND, "policy-changed", "`deploy_within` from 3d to 1m", "`token_ttl`"],
        );
        has(&scene.run("diff --git --format github"), 1, &["policy-changed", &format!("file={place}")]);
        // Once it is the base's, it counts.
        rebase(&scene);
        scene.write("deploy/powersync.yaml", &until_soon);
        assert!(!super::all(&scene.run("diff --git")).contains("policy-changed"));
        // And it counts whatever the branch makes of it.
        for text in ["", "rotate_every: 90d\n", "token_ttl: [\n"] {
            scene.write(place, text);
            let outcome = scene.run("diff --git");
            assert!(super::all(&outcome).contains("policy-"), "{outcome:?}");
        }
        std::fs::remove_file(scene.path(place)).unwrap();
        assert!(super::all(&scene.run("diff --git")).contains("policy-changed"));
    }
    // Of two files, the one beside the old counts.
    let scene = Scene::with("old/powersync.yaml", BASE);
    scene.write("new/powersync.yaml", BAD);
    scene.write("new/powersync-jwks.yaml", FAST);
    has(&scene.run("diff old/powersync.yaml new/powersync.yaml"), 1, &[FOUND]);
}

/// A config that moves to where the base has another policy: it is judged by the one it had.
#[test]
fn a_policy_of_another_directory() {
    let scene = branch();
    scene.write("dev/powersync-jwks.yaml", "deploy_within: 1m\nrollout: 1m\ntoken_ttl: 1m\n");
    rebase(&scene);
    std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
    scene.write("dev/powersync.yaml", BAD);
    has(&scene.run("diff --git"), 1, &[FOUND, "a token lives 1 day"]);
}

/// Has `main` go on by a commit with this file, and what is checked out stay on the branch.
fn main_goes_on(scene: &Scene, file: &str, text: &str) {
    let git = |arguments: &[&str]| git(scene.folder.path(), arguments);
    git(&["switch", "--quiet", "main"]);
    scene.write(file, text);
    commit(scene);
    git(&["switch", "--quiet", "branch"]);
}

/// A branch that starts from an old commit, for the policy that held then.
#[test]
fn a_policy_that_held_once() {
    let scene = branch();
    scene.write("powersync-jwks.yaml", "deploy_within: 1m\nrollout: 1m\ntoken_ttl: 1m\n");
    rebase(&scene);
    main_goes_on(&scene, "powersync-jwks.yaml", "rotate_every: 30d\n");
    scene.write("deploy/powersync.yaml", BAD);
    has(&scene.run("diff --git"), 1, &[FOUND, "a token lives 1 day"]);
    has(&scene.run("diff --git main...branch"), 0, &[]);
    commit(&scene);
    has(&scene.run("diff --git main...branch"), 1, &[FOUND, "a token lives 1 day"]);
}

/// A branch that starts from an old commit, for a comment or a key that was there then.
#[test]
fn a_config_that_was_there_once() {
    let scene = branch();
    scene.write("deploy/powersync.yaml", format!("{IGNORE}{BASE}"));
    rebase(&scene);
    main_goes_on(&scene, "deploy/powersync.yaml", BASE);
    scene.write("deploy/powersync.yaml", format!("{IGNORE}{BAD}"));
    for format in ["human", "json", "markdown", "github", "sarif"] {
        has(&scene.run(&format!("diff --git --format {format}")), 2, &["changed it since"]);
    }
    // Where it moves to another file, too.
    std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
    scene.write("other/powersync.yaml", format!("{IGNORE}{BAD}"));
    has(&scene.run("diff --git"), 2, &["changed it since"]);
    // A key that `main` has revoked since, and that a merge brings back: it only moves on the branch.
    let scene = branch();
    main_goes_on(&scene, "deploy/powersync.yaml", BAD);
    let (before, key) = BASE.split_at(BASE.rfind("      - kty").unwrap());
    let (first, rest) = before.split_at(before.find("      - kty").unwrap());
    scene.write("deploy/powersync.yaml", format!("{first}{key}{rest}"));
    has(&scene.run("diff --git"), 2, &["changed it since"]);
    scene.write("deploy/powersync.yaml", format!("{BASE}# a comment\n"));
    has(&scene.run("diff --git"), 2, &["not judged", "merge `main` into this branch"]);
    // The same change on both sides is none that a merge would mix, and what is merged is seen.
    scene.write("deploy/powersync.yaml", BAD);
    let outcome = scene.run("diff --git");
    assert!(!super::all(&outcome).contains("changed it since"), "{outcome:?}");
    commit(&scene);
    git(scene.folder.path(), &["merge", "--quiet", "--message", "main", "main"]);
    scene.write("deploy/powersync.yaml", BASE);
    has(&scene.run("diff --git"), 0, &["key-added"]);
}

/// Merges in both directions: of several commits that both sides have in common, an old one hides what comes back.
#[test]
fn merges_in_both_directions() {
    let scene = branch();
    let run = |arguments: &[&str]| git(scene.folder.path(), arguments);
    run(&["switch", "--quiet", "--create", "side"]);
    scene.write("readme", "x");
    commit(&scene);
    run(&["switch", "--quiet", "main"]);
    scene.write("deploy/powersync.yaml", BAD);
    commit(&scene);
    let removed = run(&["rev-parse", "HEAD"]);
    run(&["merge", "--quiet", "--no-ff", "--message", "merge", "side"]);
    run(&["switch", "--quiet", "--create", "hostile", "side"]);
    run(&["merge", "--quiet", "--strategy", "ours", "--message", "merge", removed.trim()]);
    for command in ["diff --git", "diff --git main...HEAD"] {
        has(&scene.run(command), 0, &["prod-1", "key-added"]);
    }
}

/// Another Supabase project, and a variable that was there for something else: their keys and values sign from then on.
#[test]
fn doors_that_lead_elsewhere() {
    let scene = branch();
    let supabase = |host: &str| {
        let on = BASE.replace("client_auth:\n", "client_auth:\n  supabase: true\n");
        format!("{on}replication:\n  connections:\n    - {{type: postgresql, hostname: {host}}}\n")
    };
    scene.write("deploy/powersync.yaml", supabase("db.aaaa.supabase.co"));
    rebase(&scene);
    scene.write("deploy/powersync.yaml", supabase("db.evil.supabase.co"));
    has(&scene.run("diff --git"), 1, &["login-added", "login-removed", "another Supabase project"]);
    let variable = |name: &str| {
        let secret = "k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE";
        format!(
            "{}system: {{logging: {{level: !env PS_DB}}}}\n",
            BASE.replace(secret, &format!("k: !env {name}"))
        )
    };
    scene.write("deploy/powersync.yaml", variable("PS_A"));
    rebase(&scene);
    scene.write("deploy/powersync.yaml", variable("PS_DB"));
    has(&scene.run("diff --git --deny warnings"), 1, &["new-variable", "is read from PS_DB"]);
    // From the file into it, and a key that a rotation would have made.
    scene.write(
        "deploy/powersync.yaml",
        variable("PS_A").replace("!env PS_A", "mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE"),
    );
    rebase(&scene);
    scene.write("deploy/powersync.yaml", variable("PS_DB"));
    has(&scene.run("diff --git --deny warnings"), 1, &["new-variable", "is read from PS_DB"]);
    let key =
        "      - {kty: oct, alg: HS256, kid: next, k: !env PS_DB, iat: 1795400000, nbf: 1796000000}\nsystem";
    let base = variable("PS_A").replace("!env PS_A", "mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE");
    scene.write("deploy/powersync.yaml", base.replace("system", key));
    has(&scene.run("diff --git --deny warnings"), 1, &["new-variable", "no rotation explains it"]);
    // A login that a variable may have kept shut, and a host that only looks like none.
    let behind = |on: &str, host: &str| supabase(host).replace("supabase: true", &format!("supabase: {on}"));
    scene.write("deploy/powersync.yaml", behind("!env PS_S::boolean", "db.aaaa.supabase.co"));
    rebase(&scene);
    scene.write("deploy/powersync.yaml", behind("true", "db.aaaa.supabase.co"));
    has(&scene.run("diff --git --deny warnings"), 1, &["login-added"]);
    scene.write("deploy/powersync.yaml", behind("true", "h"));
    rebase(&scene);
    scene.write("deploy/powersync.yaml", behind("true", "DB.evil.supabase.co"));
    has(&scene.run("diff --git --deny warnings"), 1, &["login-added"]);
}

/// An audience that the branch adds: tokens that were made for something else.
#[test]
fn an_audience_of_the_branch() {
    let scene = branch();
    scene.write("deploy/powersync.yaml", BASE.replace("['app']", "['app', 'other']"));
    for format in ["human", "json", "markdown", "github", "sarif"] {
        has(&scene.run(&format!("diff --git --format {format}")), 0, &["audience-added", "`other`"]);
    }
    has(&scene.run("diff --git --deny warnings"), 1, &["audience-added"]);
}

/// A policy that can't be read: the review goes on with the defaults and says so; what changes something stops.
#[test]
fn a_policy_that_cannot_be_read() {
    let scene = branch();
    scene.write("powersync-jwks.yaml", "rotate_every: 90d\ndeploy_within: soon\n");
    scene.write("deploy/powersync.yaml", BAD);
    has(&scene.run("diff --git"), 1, &[FOUND, "policy-unreadable", "powersync-jwks.yaml:2"]);
    has(&scene.run("check deploy/powersync.yaml"), 0, &["policy-unreadable", "powersync-jwks.yaml:2"]);
    rebase(&scene);
    scene.write("deploy/powersync.yaml", BASE);
    has(&scene.run("diff --git"), 0, &["policy-unreadable"]);
    for command in ["rotate --yes", "promote --yes", "reconcile --yes", "prune --yes"] {
        has(
            &scene.run(&format!("-c deploy/powersync.yaml {command}")),
            2,
            &["powersync-jwks.yaml:2: deploy_within"],
        );
    }
}

/// A `_type` that would have the config judged by other rules.
#[test]
fn another_type() {
    let scene = branch();
    let plain = BASE.replace("    audience: ['app']\n", "");
    scene.write("deploy/powersync.yaml", plain);
    rebase(&scene);
    scene.write("deploy/powersync.yaml", format!("_type: cloud\n{}", BAD.replace("HS256", "HS999")));
    has(&scene.run("diff --git"), 1, &[FOUND]);
    let outcome = scene.run("diff --git --format json");
    assert!(!outcome.stdout.contains("cloud-schema"), "{}", outcome.stdout);
}

/// What else a branch may do beside the bad change.
fn edits(scene: &Scene, choices: u32) {
    let is = |number: u32| choices >> number & 1 == 1;
    let mut text = BAD.to_owned();
    if is(0) {
        text = format!("{IGNORE}{text}");
    }
    if is(1) {
        text = format!("_type: cloud\n{text}");
    }
    if is(2) {
        text = text.replace('\n', "\r\n");
    }
    if is(3) {
        text = format!("# {}\n{text}", "other words ".repeat(100));
    }
    if is(4) {
        text = text.replace(
            "      - kty",
            "      # powersync-jwks: ignore[removed-early] because of it\n      - kty",
        );
    }
    if is(5) {
        scene.write("powersync-jwks.yaml", "deploy_within: 1m\nrollout: 1m\ntoken_ttl: 1m\n");
    }
    if is(6) {
        scene.write(".gitignore", "*\n");
        scene.write(".ignore", "*\n");
    }
    if is(7) {
        scene.write(".gitattributes", "* -diff binary eol=lf filter=x\n");
    }
    let place = match choices >> 8 & 3 {
        0 => "deploy/powersync.yaml",
        1 => "deploy/other.yml",
        2 => "node_modules/a/powersync.yaml",
        _ => "a/b/c.json.yaml",
    };
    std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
    scene.write(place, text);
    if choices >> 10 & 1 == 1 {
        commit(scene);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    #[test]
    fn no_other_edit_turns_a_finding_off(choices in 0..2048_u32) {
        let scene = branch();
        edits(&scene, choices);
        let outcome = scene.run("diff --git");
        proptest::prop_assert_eq!(outcome.code, 1, "{:?}", outcome);
        proptest::prop_assert!(outcome.stdout.contains(FOUND), "{:?}", outcome);
    }
}
