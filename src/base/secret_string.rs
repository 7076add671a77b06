//! Text with secrets in it: of its final size at once, since a string that grows leaves copies behind, and cleared when
//! dropped.

use std::fmt::{self, Write as _};

use zeroize::Zeroizing;

/// Text that is cleared when it is dropped.
pub(crate) type SecretString = Zeroizing<String>;

/// As `format!`, for text with secrets in it.
macro_rules! secret_string {
    ($($argument:tt)*) => { $crate::base::secret_string::write(format_args!($($argument)*)) };
}
pub(crate) use secret_string;

/// Writes into one allocation: the text is formatted twice, first to be measured.
pub(crate) fn write(text: fmt::Arguments<'_>) -> SecretString {
    let mut length = Length(0);
    // Neither a count nor a string fails to be written to.
    let _ = length.write_fmt(text);
    let mut written = Zeroizing::new(String::with_capacity(length.0));
    let _ = written.write_fmt(text);
    written
}

/// The texts, with this between them.
pub(crate) fn join(texts: &[SecretString], separator: &str) -> SecretString {
    let length: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
    let mut joined = Zeroizing::new(String::with_capacity(length));
    for (number, text) in texts.iter().enumerate() {
        joined.push_str(if number == 0 { "" } else { separator });
        joined.push_str(text);
    }
    joined
}

/// Counts what is written.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_written_in_one_allocation() {
        let (one, three) = ("ä", 3);
        let text = secret_string!("{one}:{three:>4}");
        assert_eq!((text.as_str(), text.capacity()), ("ä:   3", 7));
        let joined = join(&[text.clone(), text.clone(), text], ", ");
        assert_eq!(*joined, "ä:   3, ä:   3, ä:   3");
        assert!(joined.capacity() <= 27, "it grew");
    }
}
