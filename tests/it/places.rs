//! Places that resist, as they really are: files that are mounted by themselves, and a directory that can't be written. It is told
//! before anything is written, and nothing is left behind.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

use crate::common::{Scene, skip};

const CONFIG: &str = "client_auth:\n  audience: [app]\n  jwks:\n    keys:\n      - {kty: oct, alg: HS256, kid: prod-1, k: !env PS_JWT}\n\
                      storage: {type: mongodb, uri: !env PS_URI}\n";
const ENV: &str = "PS_JWT=7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY\n";

/// Runs a script in a mount namespace of its own. `None`: this machine has none.
fn in_namespace(directory: &Path, script: &str) -> Option<Output> {
    let unshare = |script: &str| {
        Command::new("unshare").args(["-rm", "sh", "-c", script]).current_dir(directory).output().ok()
    };
    let works = unshare("touch .probe && mount --bind .probe .probe && umount .probe && rm .probe")?;
    let _ = std::fs::remove_file(directory.join(".probe"));
    works.status.success().then(|| unshare(script))?
}

#[test]
fn what_cannot_be_replaced_is_told_before_anything_is_written() {
    for (mounts, file, words) in [
        ("mount --bind powersync.yaml powersync.yaml", "powersync.yaml", "mount point"),
        ("mount --bind .env .env", ".env", "mount point"),
        ("mount --bind . . && mount -o remount,bind,ro . && cd .", "powersync.yaml", "read-only"),
    ] {
        let scene = Scene::with("powersync.yaml", CONFIG);
        scene.write(".env", ENV);
        let program = env!("CARGO_BIN_EXE_powersync-jwks");
        let script = format!("{mounts} && cd \"$PWD\" && exec {program} rotate --yes");
        let Some(output) = in_namespace(scene.folder.path(), &script) else {
            skip("no mount namespace");
            return;
        };
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{mounts}: {stderr}");
        assert!(stderr.contains(words) && stderr.contains(file), "{mounts}: {stderr}");
        assert!(stderr.contains("-c - < OLD > NEW"), "{mounts}: {stderr}");
        assert_eq!((scene.text("powersync.yaml"), scene.text(".env")), (CONFIG.to_owned(), ENV.to_owned()));
        let left = std::fs::read_dir(scene.folder.path()).unwrap().count();
        assert_eq!(left, 2, "{mounts}: something was left behind");
    }
}
