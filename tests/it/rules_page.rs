//! `docs/rules.md` is made of the rules themselves. `BLESS=1 cargo test --test it rules_page` rewrites it.

use std::fmt::Write as _;

use crate::common::{expect_file, root};
use powersync_jwks::for_tests::{RULES, Rule, Severity};

const HEAD: &str = "# Rules

What `powersync-jwks check` and `powersync-jwks diff` look for. This page is made from the rules themselves.

A rule is silenced at a key, or for the whole file, by a comment with a reason:

```yaml
client_auth:
  jwks:
    keys:
      # powersync-jwks: ignore[missing-kid] apps older than 3.2 send no kid
      - kty: oct
```

The comment belongs to the key if it is directly above it or in its lines, else to the file. `--rule ID` runs one rule
alone, `--skip ID` leaves one out, `--deny ID` makes an error of what it finds.

";

fn table(title: &str, rules: &[&Rule]) -> String {
    let mut text = format!("## {title}\n\n| rule | finds |\n| --- | --- |\n");
    for rule in rules {
        writeln!(text, "| [`{}`](#{}) | {} |", rule.id, rule.id, rule.finds).unwrap();
    }
    text + "\n"
}

fn page() -> String {
    let of = |severity: Severity, pedantic: bool, change: bool| -> Vec<&Rule> {
        RULES
            .iter()
            .copied()
            .filter(|rule| {
                rule.severity == severity && rule.pedantic == pedantic && rule.is_of_config() != change
            })
            .collect()
    };
    let mut text = HEAD.to_owned();
    let sections = [
        ("Errors", of(Severity::Error, false, false)),
        ("Warnings", of(Severity::Warning, false, false)),
        ("To know", of(Severity::Info, false, false)),
        ("Only with `--pedantic`", of(Severity::Warning, true, false)),
        ("Changes: errors", of(Severity::Error, false, true)),
        ("Changes: warnings", of(Severity::Warning, false, true)),
    ];
    let listed: usize = sections.iter().map(|(_, rules)| rules.len()).sum();
    assert_eq!(listed, RULES.len(), "a rule is in no section");
    for (title, rules) in &sections {
        text += &table(title, rules);
    }
    for rule in sections.iter().flat_map(|(_, rules)| rules) {
        text += &rule.page();
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

#[test]
fn the_page_is_current() {
    if let Err(difference) = expect_file(&root().join("docs/rules.md"), &page()) {
        panic!("{difference}");
    }
}
