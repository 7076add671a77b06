//! The README's sessions, word for word: its `console` blocks are played on `fixtures/demo`, at a terminal.
//! `BLESS=1 cargo test --test readme` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::rc::Rc;

use clap::{CommandFactory as _, Parser as _};
use common::service::Replicas;
use common::{NOW, Noise, Scene, date, expect_file, root};
use powersync_jwks::lifecycle::RefusalId;
use powersync_jwks::time::{FixedClock, NumericDate};
use powersync_jwks::{Cli, Terminal, World, run};

/// What a terminal shows: both streams, and what is typed.
#[derive(Clone, Default)]
struct Screen(Rc<RefCell<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Somebody who says yes to everything.
struct Yes {
    screen: Screen,
    typed: &'static [u8],
}

impl Read for Yes {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.typed.read(buffer)?;
        self.screen.write_all(&buffer[..count])?;
        Ok(count)
    }
}

fn command(scene: &Scene, line: &str, now: &str) -> String {
    let (line, file) = line.split_once(" > ").map_or((line, None), |(line, file)| (line, Some(file)));
    let cli = Cli::try_parse_from(line.trim_start_matches("$ ").split(' ')).unwrap();
    let screen = Screen::default();
    let stdout = if file.is_some() { Screen::default() } else { screen.clone() };
    let code = run(
        &cli,
        &mut World {
            clock: &FixedClock(date(now)),
            random: &Noise::new(1),
            folder: scene.folder.path().to_owned(),
            variable: &|_| None,
            stdin: &mut Yes { screen: screen.clone(), typed: b"y\n" },
            stdout: &mut stdout.clone(),
            stderr: &mut screen.clone(),
            terminal: Terminal { stdin: true, stderr: true, width: None },
            ask: replicas(scene, date(now)).ask().as_ref(),
            sleep: &|_| {},
        },
    );
    // `probe` may say no.
    assert_eq!(code, u8::from(line.contains("probe")), "{line}");
    if let Some(file) = file {
        scene.write(file, stdout.0.take());
    }
    anstream::adapter::strip_str(&String::from_utf8(screen.0.take()).unwrap()).to_string()
}

/// Two replicas, of which the second has never restarted.
fn replicas(scene: &Scene, now: NumericDate) -> Replicas {
    let replicas = Replicas::default();
    replicas.restart("10.0.0.1", &scene.text("powersync.yaml"), now);
    replicas.restart(
        "10.0.0.2",
        &fs::read_to_string(root().join("fixtures/demo/powersync.yaml")).unwrap(),
        now,
    );
    replicas
}

fn play(text: &str) -> String {
    let scene = Scene::new();
    let demo = root().join("fixtures/demo/powersync.yaml");
    scene.write("powersync.yaml", fs::read(demo).unwrap());
    scene.write("compose.yaml", "services: {powersync: {image: journeyapps/powersync-service}}\n");
    let mut played = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        played.push(line.to_owned());
        let Some(options) = line.strip_prefix("```console") else { continue };
        let now = options.trim().strip_prefix("now=").unwrap_or(NOW);
        let block = lines.by_ref().take_while(|line| *line != "```").filter(|line| line.starts_with("$ "));
        for (index, line) in block.enumerate() {
            let gap = if index > 0 { "\n" } else { "" };
            let shown = command(&scene, line, now);
            played.push(format!("{gap}{line}\n{shown}").trim_end().to_owned());
        }
        played.push("```".to_owned());
    }
    played.join("\n") + "\n"
}

#[test]
fn its_sessions_come_out_as_written() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    if let Err(difference) = expect_file(&path, &play(&text)) {
        panic!("{difference}");
    }
}

#[test]
fn it_names_every_refusal() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    for id in <RefusalId as clap::ValueEnum>::value_variants() {
        assert!(text.contains(&format!("| `{}` |", id.name())), "{}", id.name());
    }
}

#[test]
fn the_help_names_every_command() {
    let mut cli = Cli::command();
    let help = cli.render_help().to_string();
    for command in cli.get_subcommands() {
        let listed =
            help.lines().any(|line| line.trim_start().starts_with(&format!("{} ", command.get_name())));
        assert!(listed, "{}", command.get_name());
    }
    cli.debug_assert();
}
