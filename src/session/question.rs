//! Questions on the terminal, where no option says it.

use crate::base::text::Printable;
use crate::report::human::hanging;
use crate::session::{Error, World};

/// Whether there is somebody to ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    Person,
    Nothing,
}

impl Asks {
    pub(crate) fn of(world: &World<'_>) -> Self {
        if world.terminal.stdin && world.terminal.stderr { Self::Person } else { Self::Nothing }
    }
}

/// Asks once. What is typed comes without the spaces around it.
fn once(question: &str, world: &mut World<'_>) -> Result<String, Error> {
    write!(world.stderr, "{} ", hanging(&question, 0, world.terminal.width))?;
    world.stderr.flush()?;
    Ok(world.read_line()?.trim().to_owned())
}

/// What an empty answer means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsaid {
    Yes,
    No,
}

/// Whether the answer is yes.
pub(crate) fn yes(question: &str, unsaid: Unsaid, world: &mut World<'_>) -> Result<bool, Error> {
    let choice = match unsaid {
        Unsaid::Yes => "[Y/n]",
        Unsaid::No => "[y/N]",
    };
    let answer = once(&format!("{question} {choice}"), world)?.to_ascii_lowercase();
    Ok(if answer.is_empty() { unsaid == Unsaid::Yes } else { matches!(answer.as_str(), "y" | "yes") })
}

/// Asks until the answer can be read. Nothing at all is the default.
pub(crate) fn until_read<T>(
    (question, default): (&str, &str),
    expected: &str,
    world: &mut World<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    loop {
        let typed = once(question, world)?;
        let text = if typed.is_empty() { default } else { &typed };
        if let Some(value) = read(text) {
            return Ok(value);
        }
        writeln!(world.stderr, "Invalid value: {}, expected {expected}", Printable(text))?;
    }
}

/// One of several, by its number from 0. `None` where nothing is chosen, or nobody is there.
pub(crate) fn pick(title: &str, items: &[String], world: &mut World<'_>) -> Result<Option<usize>, Error> {
    if Asks::of(world) == Asks::Nothing {
        return Ok(None);
    }
    writeln!(world.stderr, "{title}")?;
    for (index, item) in items.iter().enumerate() {
        writeln!(world.stderr, "  {}  {}", index + 1, Printable(item))?;
    }
    let expected = format!("a number from 1 to {}", items.len());
    let question = format!("Which one? [1 to {}, or Enter to stop]", items.len());
    until_read((&question, ""), &expected, world, |text| {
        if text.is_empty() {
            return Some(None);
        }
        let number: usize = text.parse().ok()?;
        number.checked_sub(1).filter(|index| *index < items.len()).map(Some)
    })
}
