//! Whether a point is on its curve: the service does not start with one that doesn't.

use num_bigint::BigUint;

/// The prime and the `b` of `y² = x³ - 3x + b` (NIST SP 800-186, section 3.2.1), in hexadecimal.
fn parameters(crv: &str) -> Option<(&'static [u8], &'static [u8])> {
    match crv {
        "P-256" => Some((
            b"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            b"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        )),
        "P-384" => Some((
            b"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
            b"b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        )),
        "P-521" => Some((
            b"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            b"0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        )),
        _ => None,
    }
}

/// Whether the point is on that curve. The numbers may have zeros before them, as for the service.
pub(super) fn holds(crv: &str, x: &[u8], y: &[u8]) -> bool {
    let number = |digits: &[u8]| BigUint::parse_bytes(digits, 16);
    let Some((Some(p), Some(b))) = parameters(crv).map(|(p, b)| (number(p), number(b))) else { return false };
    let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
    if x >= p || y >= p {
        return false;
    }
    // With 3x on the other side, no number is below zero.
    (&y * &y + 3u32 * &x) % &p == (&x * &x * &x + b) % &p
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        super::super::secret::decode_hex(text.as_bytes()).unwrap().to_vec()
    }

    #[test]
    fn base_points_lie_on_their_curves_and_their_neighbours_dont() {
        for (crv, x, y) in [
            (
                "P-256",
                "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
                "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
            ),
            (
                "P-384",
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
            ),
            (
                "P-521",
                "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
                "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
            ),
        ] {
            let (x, mut y) = (hex(x), hex(y));
            let mut padded = vec![0];
            padded.extend(&x);
            assert!(holds(crv, &x, &y) && holds(crv, &padded, &y), "{crv}");
            assert!(!holds("P-000", &x, &y) && !holds(crv, &y, &x) && !holds(crv, &[], &[]), "{crv}");
            // The same point, written with a number that no coordinate reaches.
            let (p, _) = parameters(crv).unwrap();
            let larger = |digits: &[u8]| {
                (BigUint::from_bytes_be(digits) + BigUint::parse_bytes(p, 16).unwrap()).to_bytes_be()
            };
            assert!(!holds(crv, &larger(&x), &y) && !holds(crv, &x, &larger(&y)), "{crv}");
            *y.last_mut().unwrap() ^= 1;
            assert!(!holds(crv, &x, &y), "{crv}");
        }
    }
}
