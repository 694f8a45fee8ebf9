//! The languages that people read the desk in. What is said in them is data of the desk's ([`crate::desk::language`]).

/// A language of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tongue {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
}

impl Tongue {
    /// All of them, with their own names.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Es, "Español"), (Self::En, "English"), (Self::Pt, "Português")];

    /// ISO 639-1.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Pt => "pt",
        }
    }

    /// By its code, or a tag that begins with it.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_', ';']).next()?.trim().to_ascii_lowercase();
        Self::ALL.into_iter().map(|(tongue, _)| tongue).find(|tongue| tongue.code() == code)
    }
}
