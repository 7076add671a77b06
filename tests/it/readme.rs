//! The sessions of the README and of `docs/`, word for word: their `console` blocks are played on `fixtures/demo`, at a
//! terminal. The picture in the README is drawn from one. `BLESS=1 cargo test --test it readme` rewrites them.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::rc::Rc;

use crate::common::dice::Noise;
use crate::common::service::Replicas;
use crate::common::svg;
use crate::common::{NOW, Scene, date, expect_file, root};
use clap::CommandFactory as _;
use powersync_jwks::schedule::RefusalId;
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

/// Somebody who answers each question of `init` with its default, and then yes.
const DEFAULTS: &[u8] = b"\n\n\n\n\ny\n";

fn command(scene: &Scene, line: &str, now: &str, typed: &'static [u8]) -> String {
    anstream::adapter::strip_str(&coloured(scene, line, now, (typed, None))).to_string()
}

fn coloured(scene: &Scene, line: &str, now: &str, (typed, width): (&'static [u8], Option<u16>)) -> String {
    let (line, file) = line.split_once(" > ").map_or((line, None), |(line, file)| (line, Some(file)));
    let cli = Cli::read(line.trim_start_matches("$ ").split(' ')).unwrap();
    let screen = Screen::default();
    let stdout = if file.is_some() { Screen::default() } else { screen.clone() };
    let code = run(
        &cli,
        &mut World {
            clock: &FixedClock(date(now)),
            random: &Noise::new(1),
            directory: scene.folder.path().to_owned(),
            variable: &|_| None,
            stdin: &mut Yes { screen: screen.clone(), typed },
            stdout: &mut stdout.clone(),
            stderr: &mut screen.clone(),
            terminal: Terminal { stdin: true, stderr: true, width },
            ask: replicas(scene, date(now)).ask().as_ref(),
            sleep: &|_| {},
        },
    );
    if let Some(file) = file {
        scene.write(file, stdout.0.take());
    }
    let shown = String::from_utf8(screen.0.take()).unwrap();
    if code == 0 { shown } else { format!("{}\n[exit {code}]", shown.trim_end()) }
}

/// The start of each new file alone: `init` shows them whole.
fn shorten(output: &str) -> String {
    const KEPT: usize = 8;
    let mut short = Vec::new();
    // How many lines of a file have come; none outside of one.
    let mut within = None;
    for line in output.lines() {
        within = match within {
            _ if line.starts_with("+++ ") => Some(0),
            Some(count) if line.starts_with('+') => Some(count + 1),
            _ => None,
        };
        match within {
            Some(count) if count == KEPT + 1 => short.push("…"),
            Some(count) if count > KEPT => {}
            _ => short.push(line),
        }
    }
    short.join("\n")
}

/// Two replicas, of which the second has never restarted.
fn replicas(scene: &Scene, now: NumericDate) -> Replicas {
    let replicas = Replicas::default();
    if scene.path("powersync.yaml").exists() {
        replicas.restart("10.0.0.1", &scene.text("powersync.yaml"), now);
    }
    replicas.restart(
        "10.0.0.2",
        &fs::read_to_string(root().join("fixtures/demo/powersync.yaml")).unwrap(),
        now,
    );
    replicas
}

fn demo() -> Scene {
    let scene = Scene::new();
    let demo = root().join("fixtures/demo/powersync.yaml");
    scene.write("powersync.yaml", fs::read(&demo).unwrap());
    scene.write("main.yaml", fs::read(demo).unwrap());
    scene.write("compose.yaml", "services: {powersync: {image: journeyapps/powersync-service}}\n");
    scene
}

fn play(text: &str) -> String {
    let scene = demo();
    let mut played = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        played.push(line.to_owned());
        let Some(options) = line.strip_prefix("```console") else { continue };
        let has = |name: &str| options.split(' ').any(|option| option == name);
        let now = options.split(' ').find_map(|option| option.strip_prefix("now=")).unwrap_or(NOW);
        // What was done before, so that it isn't shown twice.
        if has("rotated") {
            command(&scene, "$ powersync-jwks rotate --yes", NOW, b"");
        }
        if has("pruned") {
            command(&scene, "$ powersync-jwks prune --yes", "2026-11-28T10:00:00Z", b"");
        }
        let nothing = Scene::new();
        let from_nothing = has("nothing");
        let (scene, typed) = if from_nothing { (&nothing, DEFAULTS) } else { (&scene, &b"y\n"[..]) };
        let block = lines.by_ref().take_while(|line| *line != "```").filter(|line| line.starts_with("$ "));
        for (index, line) in block.enumerate() {
            let gap = if index > 0 { "\n" } else { "" };
            let output = command(scene, line, now, typed);
            let output = if from_nothing { shorten(&output) } else { output };
            played.push(format!("{gap}{line}\n{output}").trim_end().to_owned());
        }
        played.push("```".to_owned());
    }
    played.join("\n") + "\n"
}

/// The README and the pages of `docs/`.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    pages.push(root().join("README.md"));
    pages
}

#[test]
fn sessions_come_out_as_written() {
    let differences = pages().into_iter().filter_map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        expect_file(&path, &play(&text)).err()
    });
    let differences: Vec<String> = differences.collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_picture_is_a_session() {
    let scene = demo();
    let mut screen = String::new();
    for line in ["$ powersync-jwks status", "$ powersync-jwks rotate"] {
        let said = coloured(&scene, line, NOW, (b"y\n", Some(96)));
        screen.extend(["\u{1b}[1m", line, "\u{1b}[0m\n", &said, "\n"]);
    }
    let picture = svg::draw("powersync-jwks rotates a key", &screen);
    if let Err(difference) = expect_file(&root().join("docs/session.svg"), &picture) {
        panic!("{difference}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines < 250, "{lines}");
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            let is_elsewhere = link.contains("://") || path.is_empty() || path.contains(' ');
            assert!(is_elsewhere || page.parent().unwrap().join(path).exists(), "{}: {link}", page.display());
        }
    }
}

#[test]
fn the_refusals_are_all_explained() {
    let text = fs::read_to_string(root().join("docs/refusals.md")).unwrap();
    for id in <RefusalId as clap::ValueEnum>::value_variants() {
        assert!(
            text.contains(&format!("| `{}` |", id.name())),
            "docs/refusals.md has no row for {}",
            id.name()
        );
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

#[test]
fn the_table_of_commands_names_every_command() {
    let text = fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let rows: String = text.lines().filter(|line| line.starts_with("| ")).collect();
    for command in Cli::command().get_subcommands() {
        let starts = [format!("`{} ", command.get_name()), format!("`{}`", command.get_name())];
        let named = starts.iter().any(|start| rows.contains(start));
        assert!(named, "docs/commands.md has no row for {}", command.get_name());
    }
}

#[test]
fn the_json_of_every_command_has_a_schema() {
    let text = fs::read_to_string(root().join("docs/output.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entries = &schema["$defs"];
    let changing = entries["changes"]["properties"]["command"]["enum"].as_array().unwrap();
    for command in Cli::command().get_subcommands() {
        let formats = command.get_arguments().find(|argument| argument.get_id() == "format");
        let names = formats.map(clap::Arg::get_possible_values).unwrap_or_default();
        let name = command.get_name();
        // The types of single fields stand there, too, and none of them is a report.
        let is_report =
            ["$ref", "oneOf", "allOf", "properties"].iter().any(|form| entries[name].get(form).is_some());
        assert!(
            is_report
                || changing.iter().any(|other| other == name)
                || !names.iter().any(|form| form.matches("json", false)),
            "docs/output.schema.json has no entry for {name}, and `changes` doesn't list it"
        );
    }
}
