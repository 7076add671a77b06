//! The program as a process of its own, and other programs beside it.

use std::path::Path;
use std::process::{Command, Stdio};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_powersync-jwks");

/// The program in a directory, with nothing to read.
pub fn program(directory: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    in_directory(&mut command, directory);
    command
}

/// A script in a directory, with nothing to read.
pub fn shell(directory: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    in_directory(&mut command, directory);
    command
}

pub fn in_directory(command: &mut Command, directory: &Path) {
    command.current_dir(directory).stdin(Stdio::null()).env_remove("POWERSYNC_CONFIG_PATH");
}

/// Runs git, whatever the settings of the machine, and returns what it printed.
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"])
        .args(["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
