//! What a text looks like: a random secret, or words.

/// Whether a text looks like a random secret in hexadecimal or base64, or like a token: nothing to repeat to whoever
/// looks on.
pub(crate) fn looks_secret(text: &str) -> bool {
    let is_base64url = |text: &str| text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c));
    let is_token =
        text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(is_base64url);
    let is_hex = text.len() >= 32 && text.bytes().all(|c| c.is_ascii_hexdigit());
    let has = |is: fn(&u8) -> bool| text.bytes().any(|c| is(&c));
    let is_base64 = text.len() >= 20
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_+/=".contains(&c))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && !is_words(text.as_bytes());
    is_token || is_hex || is_base64
}

/// Pairs of letters that make up about half of English text and a sixteenth of random letters.
const PAIRS: &[u8] = b"th he in er an re on at nd en es or te ed is it al ar st to nt ng se ha as ou io le \
    ve co me de hi ri ro ic ne ea ra ce ch ll be ma si om ur et ec ti el";

/// For each first letter, the second ones, a bit each.
const COMMON_PAIRS: [u32; 26] = {
    let (mut pairs, mut at) = ([0; 26], 0);
    while at < PAIRS.len() {
        pairs[(PAIRS[at] - b'a') as usize] |= 1 << (PAIRS[at + 1] - b'a');
        at += 3;
    }
    pairs
};

fn is_common(first: u8, second: u8) -> bool {
    let letter = |byte: u8| byte.to_ascii_lowercase() - b'a';
    COMMON_PAIRS[usize::from(letter(first))] >> letter(second) & 1 == 1
}

/// Whether text reads like words: pairs of letters as in English, and few jumps between lower and upper case or
/// letters and digits, which random base64 is full of.
pub(crate) fn is_words(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return false;
    }
    let (mut pairs, mut common, mut jumps) = (0_usize, 0_usize, 0_usize);
    for pair in bytes.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let letters = a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
        if letters && !(a.is_ascii_lowercase() && b.is_ascii_uppercase()) {
            pairs += 1;
            common += usize::from(is_common(a, b));
        } else if letters
            || (a.is_ascii_alphanumeric()
                && b.is_ascii_alphanumeric()
                && a.is_ascii_digit() != b.is_ascii_digit())
        {
            jumps += 1;
        }
    }
    pairs >= 5 && common * 10 >= pairs * 3 && jumps * 6 <= bytes.len()
}
