//! Sessions at the command line, written as Markdown and played.

use powersync_jwks::time::NumericDate;

use super::service::Replicas;
use super::{Scene, date};

/// The session as it comes out, with the same prose and inputs.
pub fn play(text: &str) -> String {
    let mut scene = Scene::new();
    let replicas = Replicas::default();
    scene.ask = replicas.ask();
    let mut played: Vec<String> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            played.push(line.to_owned());
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split(' ').collect::<Vec<_>>().as_slice() {
            // Rewritten after its command.
            ["stderr"] => {
                if played.last().is_some_and(String::is_empty) {
                    played.pop();
                }
            }
            ["stdin"] => {
                scene.stdin = (body.join("\n") + "\n").into_bytes();
                played.extend(block(info, &body.join("\n")));
            }
            ["console", options @ ..] => {
                replicas.set_clocks(now_of(options).unwrap_or(scene.now));
                let command = body.first().unwrap();
                let (stdout, stderr) = console(&mut scene, options, command);
                played.extend(block(info, &stdout));
                if !stderr.is_empty() {
                    played.push(String::new());
                    played.extend(block("stderr", &stderr));
                }
            }
            [_, "running", host] => {
                replicas.restart(host, &body.join("\n"), scene.now);
                played.extend(block(info, &body.join("\n")));
            }
            [_, "after", name] => played.extend(block(info, scene.text(name).trim_end_matches('\n'))),
            [_, name] => {
                scene.write(name, body.join("\n") + "\n");
                played.extend(block(info, &body.join("\n")));
            }
            other => panic!("what is a block of {other:?}?"),
        }
    }
    played.join("\n") + "\n"
}

fn block(info: &str, body: &str) -> Vec<String> {
    vec![format!("```{info}"), body.to_owned(), "```".to_owned()]
}

fn now_of(options: &[&str]) -> Option<NumericDate> {
    options.iter().find_map(|option| Some(date(option.strip_prefix("now=")?)))
}

/// Runs a command and returns what belongs into its two blocks.
fn console(scene: &mut Scene, options: &[&str], command: &str) -> (String, String) {
    scene.terminal = options.contains(&"terminal");
    scene.jump = 0;
    for option in options {
        match option.split_once('=') {
            Some(("now", moment)) => scene.now = date(moment),
            Some(("jump", seconds)) => scene.jump = seconds.parse().unwrap(),
            _ => {}
        }
    }
    let outcome = scene.run(command.strip_prefix("$ powersync-jwks ").unwrap());
    scene.stdin.clear();
    let mut stdout = format!("{command}\n{}", outcome.stdout);
    if outcome.code != 0 {
        stdout = format!("{}\n[exit {}]", stdout.trim_end_matches('\n'), outcome.code);
    }
    let clean = |text: &str| text.replace(scene.folder.path().to_str().unwrap(), "FOLDER");
    (clean(stdout.trim_end_matches('\n')), clean(outcome.stderr.trim_end_matches('\n')))
}
