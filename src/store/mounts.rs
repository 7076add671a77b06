//! Files that are mounted by themselves, as containers have them: nothing takes their place.

use std::path::Path;

/// Whether a file, links resolved, is a mount point. No, where that can't be seen.
#[must_use]
pub(super) fn is_mount_point(real: &Path) -> bool {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return false };
    mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .any(|place| unescaped(place) == real.as_os_str().as_encoded_bytes())
}

/// Blanks and backslashes are written as `\040` and the like.
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut read, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let octal = text.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\');
        let escaped = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        read.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 4 } else { 1 };
    }
    read
}

#[cfg(test)]
mod tests {
    #[test]
    fn blanks_in_a_place_are_read() {
        assert_eq!(super::unescaped("/a\\040b\\134c"), b"/a b\\c");
        assert_eq!(super::unescaped("/a\\04"), b"/a\\04");
    }
}
