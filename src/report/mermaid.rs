//! A timeline as a Mermaid Gantt chart, which pull requests draw.

use crate::base::time::NumericDate;
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
            let tag = match span.state.as_str() {
                state if state.starts_with("current") => "active, ",
                state if state.ends_with("retiring") => "crit, ",
                state if state.ends_with("removable") => "done, ",
                _ => "",
            };
            lines.push(format!("    {} :{tag}{}, {}", clean(&span.state), date(span.from), date(span.until)));
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
