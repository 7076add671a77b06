//! A timeline as a Mermaid Gantt chart, which pull requests draw.

use crate::base::time::NumericDate;
use crate::keyset::{Stage, State};
use crate::schedule::Timeline;

/// The chart, without the fence around it.
pub(crate) fn gantt(timeline: &Timeline, config: &str) -> String {
    let mut lines = vec![
        "gantt".to_owned(),
        format!("    title Keys of {}", clean(config)),
        "    dateFormat YYYY-MM-DDTHH:mm:ss".to_owned(),
        "    axisFormat %Y-%m-%d".to_owned(),
    ];
    for life in timeline.lives.iter().filter(|life| !life.spans.is_empty()) {
        lines.push(format!("    section {}", clean(&life.key)));
        for span in &life.spans {
            let tag = match (span.state, span.state.stage()) {
                (State::Current(_), _) => "active, ",
                (_, Stage::Retiring) => "crit, ",
                (_, Stage::Removable) => "done, ",
                _ => "",
            };
            let state = clean(&span.state.to_string());
            lines.push(format!("    {state} :{tag}{}, {}", date(span.from), date(span.until)));
        }
    }
    lines.join("\n") + "\n"
}

fn date(at: NumericDate) -> String {
    at.to_string().trim_end_matches('Z').to_owned()
}

/// Without the characters that mean something to Mermaid.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, ':' | ';' | '#' | ',' | '%') || c.is_control() { ' ' } else { c })
        .collect()
}
