//! What git is to leave alone.

/// A `.gitignore` that ignores this pattern, too. Every byte that is there stays. `None` where it does already, as far as
/// lines that say just that tell.
#[must_use]
pub(crate) fn ignoring(old: &str, pattern: &str) -> Option<String> {
    if ignores(old, pattern) {
        return None;
    }
    let newline = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let joint = if old.is_empty() || old.ends_with('\n') { "" } else { newline };
    Some(format!("{old}{joint}{pattern}{newline}"))
}

/// Whether the last line about this name ignores it.
#[must_use]
pub(crate) fn ignores(text: &str, pattern: &str) -> bool {
    let name = pattern.trim_start_matches('/');
    let about = |line: &str| {
        let line = line.trim_end();
        let (ignores, line) = line.strip_prefix('!').map_or((true, line), |rest| (false, rest));
        let line = line.strip_prefix("**/").or(line.strip_prefix('/')).unwrap_or(line);
        (line == name || (name == ".env" && matches!(line, "*.env" | ".env*"))).then_some(ignores)
    };
    text.lines().rev().find_map(about).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_once_and_nothing_else_moves() {
        for (old, new) in [
            ("", Some(".env\n")),
            ("target", Some("target\n.env\n")),
            ("a\r\nb\r\n", Some("a\r\nb\r\n.env\r\n")),
            (".env\n", None),
            ("/.env\n", None),
            ("a\n**/.env  \nb", None),
            (".env*\n", None),
            (".env\n!.env\n", Some(".env\n!.env\n.env\n")),
            (".env.local\n#.env\n", Some(".env.local\n#.env\n.env\n")),
        ] {
            assert_eq!(ignoring(old, ".env").as_deref(), new, "{old:?}");
            assert_eq!(new.and_then(|new| ignoring(new, ".env")), None, "{old:?}, twice");
        }
        assert_eq!(ignoring("powersync.yaml\n", "/powersync.yaml"), None);
    }
}
