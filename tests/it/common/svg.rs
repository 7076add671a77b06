//! A terminal as a picture: text with its colours, as SVG.

use std::fmt::Write as _;

const CHARACTER: f64 = 7.8;
const LINE: usize = 19;

/// The screen with a title above it.
pub fn draw(title: &str, screen: &str) -> String {
    let lines: Vec<&str> = screen.trim_end().lines().collect();
    let columns = lines.iter().map(|line| plain(line).chars().count()).max().unwrap_or(0);
    let (width, height) = (pixels(columns) + 40.0, lines.len() * LINE + 62);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" width=\"{width:.0}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{}\">\n<style>\n\
         text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }}\n\
         .back {{ fill: #f6f8fa; stroke: #d1d9e0 }} .dot {{ fill: #d1d9e0 }} .bold {{ font-weight: 700 }} .dim {{ fill: #59636e }}\n\
         .red {{ fill: #c11220 }} .green {{ fill: #1a7f37 }} .yellow {{ fill: #7d4e00 }} .cyan {{ fill: #1b6a85 }}\n\
         @media (prefers-color-scheme: dark) {{\n\
         text {{ fill: #e6edf3 }} .back {{ fill: #0d1117; stroke: #3d444d }} .dot {{ fill: #3d444d }} .dim {{ fill: #9198a1 }}\n\
         .red {{ fill: #ff7b72 }} .green {{ fill: #3fb950 }} .yellow {{ fill: #d29922 }} .cyan {{ fill: #56c8e8 }} }}\n</style>\n\
         <rect class=\"back\" x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{}\" rx=\"8\"/>\n",
        escape(title),
        width - 1.0,
        height - 1,
    );
    for dot in 0..3 {
        writeln!(svg, "<circle class=\"dot\" cx=\"{}\" cy=\"18\" r=\"5.5\"/>", 20 + dot * 18).unwrap();
    }
    let mut style = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let y = 56 + number * LINE;
        let mut column = 0;
        for (classes, text) in pieces(line, &mut style) {
            let length = text.chars().count();
            // Spaces at the ends are places, for renderers that drop them.
            let ahead = length - text.trim_start().chars().count();
            let text = text.trim();
            if !text.is_empty() {
                let class = if classes.is_empty() { String::new() } else { format!(" class=\"{classes}\"") };
                let (x, long, text) =
                    (20.0 + pixels(column + ahead), pixels(text.chars().count()), escape(text));
                writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" textLength=\"{long:.1}\"{class}>{text}</text>")
                    .unwrap();
            }
            column += length;
        }
    }
    svg + "</svg>\n"
}

fn pixels(characters: usize) -> f64 {
    f64::from(u16::try_from(characters).unwrap()) * CHARACTER
}

fn plain(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string()
}

/// The parts of a line, with the classes of their styles. `classes`: those that hold at its start, and then at its end.
fn pieces(line: &str, classes: &mut Vec<&'static str>) -> Vec<(String, String)> {
    let mut pieces = Vec::new();
    for (index, part) in line.split("\u{1b}[").enumerate() {
        let text = if index == 0 {
            part
        } else {
            let (codes, text) = part.split_once('m').unwrap();
            for code in codes.split(';') {
                match code {
                    "0" | "" => classes.clear(),
                    "1" => classes.push("bold"),
                    "2" => classes.push("dim"),
                    "31" => classes.push("red"),
                    "32" => classes.push("green"),
                    "33" => classes.push("yellow"),
                    "36" => classes.push("cyan"),
                    other => panic!("how does {other} look?"),
                }
            }
            text
        };
        if !text.is_empty() {
            pieces.push((classes.join(" "), text.to_owned()));
        }
    }
    pieces
}

fn escape(text: &str) -> String {
    // Spaces that no renderer runs together.
    text.replace(' ', "\u{a0}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
