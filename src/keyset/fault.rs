//! Why the service does not start with an entry of the list.

/// What kind of fault it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The entry is no mapping.
    NotAMapping,
    /// `kty` is unknown to the service.
    UnknownKty,
    /// A variable's name or cast that the service refuses.
    EnvName,
    /// A member that must be text isn't.
    NotText,
    /// A required member is missing or empty.
    Missing,
    /// `alg` or `crv` is unknown to the service for this type of key.
    UnknownAlg,
    /// The numbers of a public key are no key.
    BadPublicKey,
}

/// One fault of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// The member, or nothing where it is the entry as a whole.
    pub member: &'static str,
    /// What is wrong, without the member's name.
    problem: &'static str,
}

impl Fault {
    pub(super) const NOT_A_MAPPING: Self =
        Self::new(FaultKind::NotAMapping, "", "the entry is not a mapping (`kty: …`)");
    pub(super) const BAD_POINT: Self =
        Self::new(FaultKind::BadPublicKey, "", "its point (`x`, `y`) is not on the curve `crv` names");
    pub(super) const BAD_LENGTH: Self =
        Self::new(FaultKind::BadPublicKey, "", "`x` has the wrong length for `crv`");
    pub(super) const EMPTY_K: Self = Self::new(FaultKind::Missing, "k", "is empty");
    pub(super) const KTY_VARIABLE: Self =
        Self::new(FaultKind::UnknownKty, "kty", "is a variable, which can't be read here");

    pub(super) const fn new(kind: FaultKind, member: &'static str, problem: &'static str) -> Self {
        Self { kind, member, problem }
    }

    pub(super) fn missing(member: &'static str) -> Self {
        let problem = if member == "k" { "is missing; it holds the secret" } else { "is missing" };
        Self::new(FaultKind::Missing, member, problem)
    }

    /// Missing beside a `<<` that may have it.
    pub(super) fn not_merged(member: &'static str) -> Self {
        let problem = "is missing; the service does not merge `<<`, so write the members out";
        Self::new(FaultKind::Missing, member, problem)
    }

    /// Whether an algorithm or curve is missing or unknown.
    pub(crate) fn is_about_alg(&self) -> bool {
        self.kind == FaultKind::UnknownAlg || self.kind == FaultKind::Missing && self.member == "alg"
    }

    /// Whether the type of the key is missing or unknown.
    pub(crate) fn is_about_kty(&self) -> bool {
        self.kind == FaultKind::UnknownKty || self.kind == FaultKind::Missing && self.member == "kty"
    }

    /// A member whose value the service doesn't know.
    pub(super) fn not_one_of(member: &'static str, choices: &[&str]) -> Self {
        let problem = match choices.first() {
            Some(&"oct") => "must be oct, RSA, EC or OKP",
            Some(&"HS256") => "must be HS256, HS384 or HS512",
            Some(&"RS256") => "must be RS256, RS384 or RS512, or left out",
            Some(&"ES256") => "must be ES256, ES384 or ES512",
            Some(&"EdDSA") => "must be EdDSA",
            Some(&"P-256") => "must be P-256, P-384 or P-521",
            _ => "must be Ed25519 or Ed448",
        };
        let kind = if member == "kty" { FaultKind::UnknownKty } else { FaultKind::UnknownAlg };
        Self::new(kind, member, problem)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.member.is_empty() {
            f.write_str(self.problem)
        } else {
            write!(f, "`{}` {}", self.member, self.problem)
        }
    }
}
