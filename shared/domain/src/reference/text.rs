//! Texts people write: one form for what looks alike, and nothing that breaks a receiver.
//!
//! Source: docs/spec/communs.md#precisions

use serde::Deserialize;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

/// A text of at most `MAX` characters: NFC, without blanks around it, its lines ended by line feeds, without other
/// control characters than those and tabs. Empty when there was nothing to see in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MAX: usize>(String);

/// A [`Text`] in which there is something to see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NonBlank<const MAX: usize>(String);

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidText {
    /// A control character other than tab and line feed.
    #[error("les caractères de contrôle sont refusés")]
    Control,
    /// More characters than these.
    #[error("{0} caractères au plus")]
    TooLong(usize),
    /// Nothing to see in what must be there.
    #[error("{}", crate::body::MISSING)]
    Blank,
}

impl<const MAX: usize> Text<MAX> {
    /// Brings a text into its one form.
    ///
    /// # Errors
    /// [`InvalidText::Control`] and [`InvalidText::TooLong`].
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let text = text.replace("\r\n", "\n");
        if text.chars().any(|c| c.is_control() && c != '\t' && c != '\n') {
            return Err(InvalidText::Control);
        }
        let text: String = text.trim().nfc().collect();
        if text.chars().all(is_invisible) {
            return Ok(Self::default());
        }
        if text.chars().count() > MAX { Err(InvalidText::TooLong(MAX)) } else { Ok(Self(text)) }
    }

    /// The text; `None` when it is empty.
    #[must_use]
    pub fn non_empty(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

impl<const MAX: usize> NonBlank<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        Self::parse(&text)
    }
}

impl<const MAX: usize> TryFrom<String> for NonBlank<MAX> {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        Text::<MAX>::parse(&text)?.non_empty().map(Self).ok_or(InvalidText::Blank)
    }
}

impl<const MAX: usize> From<NonBlank<MAX>> for String {
    fn from(text: NonBlank<MAX>) -> Self {
        text.0
    }
}

/// Blanks, and what Unicode draws as nothing (`Default_Ignorable_Code_Point`, and the blank Braille pattern).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&str, InvalidText>) {
        assert_eq!(Text::<10>::parse(text).map(|text| text.0), expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn what_looks_alike_is_alike() {
        check(" Halle \u{a0}", Ok("Halle"));
        check("e\u{301}te\u{301}", Ok("été"));
        check("a\r\nb\n\tc", Ok("a\nb\n\tc"));
        check("\r\n", Ok(""));
        check("\u{200b}\u{feff} \u{2060}", Ok(""));
        check("👨‍👩‍👧", Ok("👨‍👩‍👧"));
    }

    #[test]
    fn control_characters_are_refused_wherever_they_stand() {
        for text in ["\0", "a\0b", "a\rb", "\u{b}a", "a\u{7f}", "\u{85}a", "a\u{1b}[0m", "\u{9f}"] {
            check(text, Err(InvalidText::Control));
        }
    }

    #[test]
    fn length_is_counted_in_characters_of_what_is_kept() {
        check(&"é".repeat(10), Ok(&"é".repeat(10)));
        check(&"e\u{301}".repeat(10), Ok(&"é".repeat(10)));
        check(&format!("  {}  ", "a".repeat(10)), Ok(&"a".repeat(10)));
        check(&"é".repeat(11), Err(InvalidText::TooLong(10)));
    }

    #[test]
    fn a_text_that_must_be_there_shows_something() {
        for blank in ["", " ", "\t\n", "\u{200b}", "\u{3164}", "\u{2800}"] {
            assert_eq!(NonBlank::<10>::try_from(blank.to_owned()), Err(InvalidText::Blank), "{blank:?}");
        }
        assert_eq!(NonBlank::<10>::try_from(" a ".to_owned()).unwrap().as_str(), "a");
    }

    proptest! {
        #[test]
        fn the_one_form_is_the_form_of_itself(text in "\\PC{0,12}") {
            if let Ok(once) = Text::<100>::parse(&text) {
                prop_assert_eq!(Text::parse(&once.0), Ok(once));
            }
        }
    }
}
