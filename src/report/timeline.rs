//! A timeline as a chart for people.

use super::paint::{BOLD, CYAN, DIM, GREEN, YELLOW, paint};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Stage, State};
use crate::schedule::{Action, Life, Timeline};

/// From time to columns.
struct Scale {
    from: NumericDate,
    until: NumericDate,
    columns: usize,
}

impl Scale {
    fn column(&self, at: NumericDate) -> usize {
        let whole = self.until.since(self.from).get().max(1);
        let part = at.since(self.from).get().clamp(0, whole);
        usize::try_from(part * i64::try_from(self.columns).unwrap_or(1) / whole).unwrap_or(0)
    }

    /// The moment in the middle of a column.
    fn middle(&self, column: usize) -> NumericDate {
        let whole = self.until.since(self.from).get();
        let columns = i64::try_from(self.columns).unwrap_or(1).max(1);
        let column = i64::try_from(column).unwrap_or(0);
        self.from + Seconds::new(whole * (2 * column + 1) / (2 * columns))
    }
}

/// The chart: a bar a key, the axis below, today marked, and the steps as a list.
pub(crate) fn chart(timeline: &Timeline, width: usize) -> String {
    let lives: Vec<&Life> = timeline.lives.iter().filter(|life| !life.spans.is_empty()).collect();
    let names = lives.iter().map(|life| life.key.chars().count()).max().unwrap_or(0).min(width / 2);
    let columns = width.saturating_sub(names + 2).max(20);
    let scale = Scale { from: timeline.now, until: timeline.until, columns };
    let mut chart =
        vec![format!("{}{}", " ".repeat(names + 2), paint(BOLD, format!("▼ today, {}", timeline.now.day())))];
    for life in &lives {
        let name: String = life.key.chars().take(names).collect();
        chart.push(format!("{name:<names$}  {}", bar(life, &scale)).trim_end().to_owned());
    }
    chart.push(format!("{}  {}", " ".repeat(names), axis(&scale)));
    let labels = labels(&scale);
    chart.push(format!("{}  {}", " ".repeat(names), labels.trim_end()));
    chart.push(String::new());
    let spans = || lives.iter().flat_map(|life| &life.spans);
    let used = LEGEND.into_iter().filter(|state| spans().any(|span| fill(span.state) == fill(*state)));
    let words: Vec<String> =
        used.map(|state| format!("{} {state}", paint(style(state), fill(state)))).collect();
    chart.push(words.join("   "));
    if !timeline.steps.is_empty() {
        chart.push(String::new());
    }
    let dates: Vec<String> =
        timeline.steps.iter().map(|step| step.at.for_people(timeline.now).to_string()).collect();
    let width = dates.iter().map(String::len).max().unwrap_or(0);
    for (step, date) in timeline.steps.iter().zip(dates) {
        let key = &timeline.lives[step.life].key;
        let what = match step.action {
            Action::Promote => format!("promote {key}"),
            Action::Rotate => format!("add the key that follows {key}"),
            Action::Prune => format!("remove {key}"),
        };
        chart.push(format!("{date:<width$}  {what}"));
    }
    chart.join("\n") + "\n"
}

/// The states that the legend explains; public keys look as accepted ones do.
const LEGEND: [State; 5] = [
    State::Current(Stage::Accepted),
    State::Other(Stage::Accepted),
    State::Other(Stage::Retiring),
    State::Other(Stage::Standby),
    State::Other(Stage::Removable),
];

fn fill(state: State) -> char {
    match (state, state.stage()) {
        (State::Current(_), _) => '█',
        (_, Stage::Retiring) => '▒',
        (_, Stage::Standby) => '░',
        (_, Stage::Removable) => '·',
        (_, Stage::Accepted) => '▓',
        (_, Stage::Unreadable | Stage::Unusable) => '?',
    }
}

fn style(state: State) -> anstyle::Style {
    match (state, state.stage()) {
        (State::Current(_), _) => GREEN,
        (_, Stage::Retiring) => YELLOW,
        (_, Stage::Standby | Stage::Accepted) => CYAN,
        _ => DIM,
    }
}

fn bar(life: &Life, scale: &Scale) -> String {
    let mut bar = String::new();
    for column in 0..scale.columns {
        let at = scale.middle(column);
        let span = life.spans.iter().find(|span| span.from <= at && at < span.until);
        // A stretch shorter than a column is shown all the same.
        let short = life.spans.iter().find(|span| scale.column(span.from) == column);
        match span.or(short).map(|span| span.state) {
            Some(state) => bar.push_str(&paint(style(state), fill(state))),
            None => bar.push(' '),
        }
    }
    bar
}

/// How far apart dates stand.
const LABEL: usize = 14;

fn axis(scale: &Scale) -> String {
    (0..scale.columns).map(|column| if column % LABEL == 0 { '┬' } else { '─' }).collect()
}

fn labels(scale: &Scale) -> String {
    // Where labels are less than a day apart, the time tells more than the year.
    let hours = scale.middle(LABEL).since(scale.middle(0)) < Seconds::hours(24);
    let label = |at: NumericDate| if hours { at.to_string()[5..16].replace('T', " ") } else { at.day() };
    let starts = (0..scale.columns).step_by(LABEL).filter(|column| column + 11 <= scale.columns);
    starts.fold(String::new(), |mut line, column| {
        line.push_str(&" ".repeat(column.saturating_sub(line.chars().count())));
        line.push_str(&label(scale.middle(column)));
        line
    })
}
