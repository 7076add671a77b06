//! The profile: what keeps to it is read, what doesn't is refused by the clause that it breaks, and the page says so.

use std::fmt::Write as _;

use powersync_jwks::config::{Clause, Config, Input, Judgement, Problem};

use crate::common::profile::{ONCE_DIFFERENT, PROFILE, document};
use crate::common::{expect_file, root};

fn clause_of(text: &str) -> Option<Clause> {
    match Config::parse_str(text, Input::Yaml) {
        Ok(_) => None,
        Err(error) => match error.problem {
            Problem::OutsideProfile { clause } => {
                assert_eq!(error.problem.judgement(), Judgement::Unknown);
                assert!(error.at.is_some(), "no place: {text:?}");
                Some(clause)
            }
            other => panic!("{text:?}: {other}"),
        },
    }
}

#[test]
fn each_clause_has_documents_on_either_side() {
    let clauses: Vec<Clause> = PROFILE.iter().map(|shown| shown.clause).collect();
    assert_eq!(clauses, Clause::ALL);
    for shown in PROFILE {
        for text in shown.inside {
            assert_eq!(clause_of(&document(text)), None, "{text:?}");
        }
        for text in shown.outside {
            assert_eq!(clause_of(&document(text)), Some(shown.clause), "{text:?}");
        }
    }
}

#[test]
fn what_was_read_in_two_ways_is_refused_by_name() {
    for text in ONCE_DIFFERENT {
        assert!(clause_of(text).is_some(), "{text:?}");
    }
}

#[test]
fn the_page_is_made_of_these_examples() {
    let mut page = String::from(
        "# The YAML that is read\n\n\
         `powersync-jwks` reads the part of YAML that can't be read in two ways: on what keeps to the clauses below, the \
         service's parser (npm `yaml`) and ours agree. A file that breaks one is refused by name, with the place and \
         another way to write it. `check` then says that the file can't be judged, not that the service does not start with \
         it.\n\n\
         Values are nested at most 256 levels deep, and a file has at most 64 MiB. JSON (`.json` files) is RFC 8259; of the \
         clauses, those on escapes, numbers and JavaScript's names hold there, too.\n\n\
         In the examples, `→` is a tab, `␍` a carriage return, and other characters that can't be seen are written as \
         `\\u{…}`. This page is made from the tests.\n",
    );
    for shown in PROFILE {
        write!(page, "\n## {:?}\n\n{}\n", shown.clause, shown.rule).unwrap();
        for (title, texts) in [("Read", shown.inside), ("Refused", shown.outside)] {
            write!(
                page,
                "\n{title}:\n\n```\n{}```\n",
                texts.iter().map(|text| seen(text)).collect::<Vec<_>>().join("\n")
            )
            .unwrap();
        }
    }
    if let Err(difference) = expect_file(&root().join("docs/yaml-profile.md"), &page) {
        panic!("{difference}");
    }
}

fn seen(text: &str) -> String {
    let mut seen = String::new();
    for c in text.chars() {
        match c {
            '\t' => seen.push('→'),
            '\r' => seen.push('␍'),
            '\n' => seen.push('\n'),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}') => seen.extend(c.escape_unicode()),
            c => seen.push(c),
        }
    }
    if seen.ends_with('\n') { seen } else { seen + "\n" }
}
