//! Names that would become commands, markup, or something else than they are.

use std::fmt::Write as _;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::{BASE, branch, commit};
use crate::common::Scene;
use crate::common::process::git;

/// Names that mean something to somebody.
const NAMES: [&str; 27] = [
    "::error::x",
    "##[error]x",
    "###vso[task.setvariable variable=PATH]x",
    "##teamcity[x]",
    "is safe: Merge it",
    "\u{1b}[31mred\u{1b}[0m",
    "a\u{202e}b",
    "a\u{200b}\u{feff}\u{e0041}b",
    "a\r\n::set-env name=x::y",
    "@someone",
    "[a](https://a.example)",
    "![a](https://a.example/x.png)",
    "https://a.example",
    "www.a.example",
    "<img src=x onerror=alert(1)>",
    "</details><h1>x",
    "# heading",
    "`code`",
    "``` a",
    "~~~~~~~~",
    "| a | b |",
    "owner/repo#12",
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    "-x --yes",
    "a\tb  c",
];

const FORMATS: [&str; 5] = ["human", "json", "markdown", "github", "sarif"];

fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a log of CI finds a command in the middle of a text: `##[…]`, `##vso[…]`, `##teamcity[…]`.
fn has_command(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| {
        let is_name = |c: char| c.is_ascii_alphanumeric();
        let rest = text[at..].strip_prefix("##");
        rest.is_some_and(|rest| rest.trim_start_matches(is_name).starts_with('['))
    })
}

/// A text as YAML takes it.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_ascii_graphic() || c == ' ' => c.to_string(),
            c => format!("\\U{:08x}", u32::from(c)),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// A change that gets a name into all that is said of it: a kid, an audience, an address, a member, a variable's neighbour.
fn change(name: &str) -> Scene {
    let scene = Scene::with("old.yaml", BASE);
    let name = quoted(name);
    let new = BASE.replace("kid: prod-1", &format!("kid: {name}")).replace("['app']", &format!("[{name}]"));
    scene.write("new.yaml", format!("{new}    {name}: {name} # {name}\n  jwks_uri: [{name}]\n{name}: 1\n"));
    scene.write("compose.yaml", format!("services:\n  {name}: {{image: journeyapps/powersync-service}}\n"));
    scene
}

/// What a reader of Markdown sees that comes from nowhere but the name.
fn seen(markdown: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut in_code = false;
    for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                seen.push(dest_url.to_string());
            }
            Event::Start(Tag::Heading { level, .. }) if level as usize > 3 => seen.push(format!("{level:?}")),
            Event::Html(html) | Event::InlineHtml(html) => {
                let own =
                    ["<details>", "</details>", "<summary>", "</summary>", "<!--", "<sub>", "</sub>", "<br>"];
                if !own.iter().any(|own| html.trim().starts_with(own)) {
                    seen.push(html.to_string());
                }
            }
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            // What GitHub makes of plain text: mentions, references, addresses.
            Event::Text(text) if !in_code => {
                let is_more =
                    |word: &str| word.contains(['@', '#']) || word.contains("://") || word.contains("www.");
                seen.extend(text.split_whitespace().filter(|word| is_more(word)).map(str::to_owned));
            }
            _ => {}
        }
    }
    seen
}

fn check_name(name: &str) -> Result<(), String> {
    let scene = change(name);
    for format in FORMATS {
        for command in [
            format!("diff old.yaml new.yaml --format {format}"),
            format!("diff new.yaml old.yaml --format {format}"),
            format!("check new.yaml --pedantic --format {format}"),
        ] {
            let outcome = scene.run(&command);
            for (stream, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
                if let Some(c) = text.chars().find(|c| is_unsafe(*c)) {
                    return Err(format!("{command}: {stream} holds {c:?}:\n{text}"));
                }
                let is_own = format == "github" && stream == "stdout";
                let starts = |line: &str| line.trim_start().starts_with("::") && !is_own;
                if let Some(line) = text.lines().find(|line| has_command(line) || starts(line)) {
                    return Err(format!("{command}: {stream} commands {line:?}"));
                }
                if is_own
                    && text.lines().any(|line| {
                        !["::error ", "::warning ", "::notice "].iter().any(|own| line.starts_with(own))
                    })
                {
                    return Err(format!("{command}: {text}"));
                }
            }
            if format == "markdown" {
                let seen = seen(&outcome.stdout);
                if !seen.is_empty() {
                    return Err(format!("{command}: {seen:?} in\n{}", outcome.stdout));
                }
            }
        }
    }
    Ok(())
}

/// Kids, audiences, addresses, members and services whose names are commands of CI, of a terminal, or markup.
#[test]
fn names_of_things() {
    let failed: Vec<String> = NAMES.iter().filter_map(|name| check_name(name).err()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn random_names(name in "[ -~]{1,24}|\\PC{1,12}|[`*_\\[\\]()<>!#@|~:=+.0-9 -]{1,20}") {
        prop_assert_eq!(check_name(&name), Ok(()));
    }
}

/// Paths of files, in every format, and in the commands that are printed: those run as printed, or have no name in them.
#[cfg(unix)]
#[test]
fn names_of_files() {
    let scene = branch();
    let names: Vec<String> = NAMES.iter().map(|name| format!("{}.yaml", name.replace('/', "_"))).collect();
    for name in &names {
        scene.write(name, BASE);
    }
    commit(&scene);
    for name in &names {
        scene.write(name, super::BAD);
    }
    for format in FORMATS {
        for command in
            [format!("diff --git HEAD --format {format}"), format!("check . --pedantic --format {format}")]
        {
            let outcome = scene.run(&command);
            let all = super::all(&outcome);
            assert!(!all.chars().any(is_unsafe) && !has_command(&all), "{command}: {all:?}");
            assert!(
                !outcome.stdout.is_empty() && seen_in(&outcome.stdout, format).is_empty(),
                "{command}: {:?}",
                seen_in(&outcome.stdout, format)
            );
        }
    }
    for name in &names {
        let outcome = scene.run(&format!("-c {} rotate --dry-run", shlex_quote(name)));
        for line in
            super::all(&outcome).lines().filter(|line| line.trim_start().starts_with("powersync-jwks "))
        {
            let words = std::process::Command::new("sh")
                .args(["-c", &format!("printf '%s\\n' {}", line.trim())])
                .current_dir(scene.folder.path())
                .output()
                .unwrap();
            let words = String::from_utf8_lossy(&words.stdout).into_owned();
            assert!(!scene.path("pwned").exists(), "{line}");
            assert!(
                words.contains(name.as_str()) || line.contains('…') || name.contains(['\r', '\u{1b}', '\t']),
                "{line:?} has not {name:?}"
            );
        }
    }
}

fn seen_in(text: &str, format: &str) -> Vec<String> {
    if format == "markdown" { seen(text) } else { Vec::new() }
}

/// As the test's own command line takes it.
fn shlex_quote(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// Kids that read as words of the report: they are told from them, in Markdown as code.
#[test]
fn kids_that_are_words() {
    const SENTENCE: &str = "safe, as prod-1 is: Merge it";
    for kid in [SENTENCE, "safe"] {
        let scene = Scene::with("old.yaml", BASE);
        scene.write("new.yaml", BASE.replace("kid: prod-1", &format!("kid: '{kid}'")));
        for format in ["human", "markdown", "github"] {
            let report = scene.run(&format!("diff old.yaml new.yaml --format {format}")).stdout;
            // As lines are broken in it, and without the text that changes.
            let text = report.split("---").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(kid), "{report}");
            let mut outside = text.split('`').step_by(2);
            if kid == SENTENCE || format == "markdown" {
                let is_alone = |word: &str| word.trim_matches(['(', ')', ',', '.']) == "safe";
                assert!(!outside.any(|part| part.split(' ').any(is_alone)), "{format}: {report}");
            }
        }
    }
}

/// Branches whose names are markup or commands.
#[test]
fn names_of_branches() {
    let scene = branch();
    scene.write("deploy/powersync.yaml", super::BAD);
    for name in ["@someone", "a#12", "<b>", "|", "a`b`"] {
        git(scene.folder.path(), &["branch", "--force", name, "main"]);
        let outcome = scene.run(&format!("diff --git refs/heads/{name} --format markdown"));
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert_eq!(seen(&outcome.stdout), Vec::<String>::new(), "{}", outcome.stdout);
    }
}

/// A report that would be too long for a comment is cut, and says so.
#[test]
fn a_report_that_is_too_long() {
    let scene = Scene::with("old.yaml", format!("{BASE}x:\n{}", "  - a line that is there\n".repeat(2000)));
    scene.write("new.yaml", format!("{BASE}x:\n{}", "  - another line than before\n".repeat(2000)));
    let outcome = scene.run("diff old.yaml new.yaml --format markdown");
    assert!(outcome.stdout.len() < 65_536, "{}", outcome.stdout.len());
    assert!(outcome.stdout.contains("more lines don't fit here"));
    let mut keys = String::new();
    for n in 0..600 {
        writeln!(keys, "      - kty: oct\n        alg: HS256\n        kid: {n}\n        k: short").unwrap();
    }
    scene.write("new.yaml", format!("{BASE}{keys}"));
    let outcome = scene.run("diff old.yaml new.yaml --format markdown");
    assert!(
        outcome.stdout.len() < 65_536 && outcome.stdout.contains("The report is cut"),
        "{}",
        outcome.stdout.len()
    );
}
