//! In which language somebody reads, and how that is known: what an app asked for or the person picked last (kept in a
//! cookie), then what their browser says, then English.

use axum::http::{HeaderMap, HeaderValue, header};

use super::text::{self, Words};
use crate::session::cookie;

/// A language that every page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// The Persian of Afghanistan.
    Dari,
    /// Pashto.
    Pashto,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::English, Self::Dari, Self::Pashto];
    /// Their tags.
    pub const TAGS: [&'static str; 3] = [Self::English.tag(), Self::Dari.tag(), Self::Pashto.tag()];

    /// The tag that pages and metadata name it by (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Dari => "fa-AF",
            Self::Pashto => "ps",
        }
    }

    /// The name that its own readers use.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Dari => "دری",
            Self::Pashto => "پښتو",
        }
    }

    /// Where its lines begin: `ltr` or `rtl`.
    pub fn direction(self) -> &'static str {
        if self.is_right_to_left() {
            "rtl"
        } else {
            "ltr"
        }
    }

    fn is_right_to_left(self) -> bool {
        self != Self::English
    }

    /// Whether a native reader has yet to look through its words.
    pub fn awaits_reader(self) -> bool {
        self != Self::English
    }

    /// Every word of it.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &text::english::WORDS,
            Self::Dari => &text::dari::WORDS,
            Self::Pashto => &text::pashto::WORDS,
        }
    }

    /// As whom a browser is asked to write dates: readers of Dari and Pashto count in the Solar Hijri calendar. Browsers
    /// have no Pashto, so that its digits and hours are Dari's.
    pub fn dates(self) -> &'static str {
        match self {
            Self::English => "en-GB",
            Self::Dari | Self::Pashto => "fa-AF-u-ca-persian",
        }
    }

    /// The names of the months, where browsers do not know them.
    pub fn months(self) -> Option<&'static str> {
        (self == Self::Pashto).then_some(text::pashto::MONTHS)
    }

    /// A number in its digits.
    pub fn number(self, number: u64) -> String {
        let digits = number.to_string();
        if !self.is_right_to_left() {
            return digits;
        }
        let own = |digit: char| {
            let place = digit.to_digit(10)?;
            char::from_u32('۰' as u32 + place)
        };
        digits.chars().filter_map(own).collect()
    }

    /// A name or an address within a sentence. In a line from right to left it stands alone (UAX #9): most are Latin, and
    /// would drag the punctuation beside them along.
    pub fn isolate(self, value: &str) -> String {
        if self.is_right_to_left() {
            format!("\u{2068}{value}\u{2069}")
        } else {
            value.to_owned()
        }
    }

    /// Puts a name or an address in its place in a sentence.
    pub fn fill(self, text: &str, name: &str, value: &str) -> String {
        text::fill(text, name, &self.isolate(value))
    }

    /// The language that a tag names, whatever region or script it adds. Dari goes by two codes.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match &*primary.to_ascii_lowercase() {
            "en" => Some(Self::English),
            "fa" | "prs" => Some(Self::Dari),
            "ps" => Some(Self::Pashto),
            _ => None,
        }
    }

    /// The first of an app's `ui_locales` that there is (OpenID Connect Core §3.1.2.1).
    pub fn of_ui_locales(tags: &str) -> Option<Self> {
        tags.split(' ').find_map(Self::of_tag)
    }

    /// That of a browser: what was asked for or picked in it, or what it says, or English.
    pub fn of_browser(headers: &HeaderMap) -> Self {
        let kept = cookie::language(headers).and_then(Self::of_tag);
        kept.or_else(|| accepted(headers)).unwrap_or(Self::English)
    }

    /// `Set-Cookie` that keeps it.
    pub fn keep(self) -> HeaderValue {
        cookie::set_language(self.tag())
    }
}

/// What a browser says its owner reads best, of what there is (RFC 9110 §12.5.4).
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let ranges = headers
        .get_all(header::ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    let mut known: Vec<(Language, f32)> = ranges
        .filter_map(|range| {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let weight = weight.trim().parse().ok().filter(|weight| *weight > 0.0)?;
            Some((Language::of_tag(tag.trim())?, weight))
        })
        .collect();
    // Stable: of two that weigh the same, the first.
    known.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    known.first().map(|(language, _)| *language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(lines: &[(&'static str, &str)]) -> Language {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Language::of_browser(&headers)
    }

    #[test]
    fn a_browser_gets_the_language_it_weighs_most_of_those_there_are() {
        for (accepted, language) in [
            ("", Language::English),
            ("de-DE,de;q=0.9", Language::English),
            ("fa", Language::Dari),
            ("prs-AF, en;q=0.8", Language::Dari),
            ("de, en;q=0.5, ps-AF;q=0.9", Language::Pashto),
            ("en;q=0, ps;q=0.1", Language::Pashto),
            ("PS", Language::Pashto),
            ("ps;q=x, *", Language::English),
            ("fa-AF,ps", Language::Dari),
        ] {
            assert_eq!(
                browser(&[("accept-language", accepted)]),
                language,
                "{accepted}"
            );
        }
        let two = [("accept-language", "en;q=0.3"), ("accept-language", "ps")];
        assert_eq!(browser(&two), Language::Pashto);
    }

    #[test]
    fn what_is_kept_goes_first_and_nothing_else_is_taken_for_it() {
        let accepts = ("accept-language", "ps");
        let kept = |cookie| browser(&[("cookie", cookie), accepts]);
        assert_eq!(kept("a=b; __Host-language=fa-AF"), Language::Dari);
        for other in [
            "__Host-language=",
            "__Host-language=de",
            "language=fa-AF",
            "__Host-language=en; __Host-language=fa-AF",
        ] {
            assert_eq!(kept(other), Language::Pashto, "{other}");
        }
    }

    #[test]
    fn an_apps_first_language_that_there_is_counts() {
        let of = Language::of_ui_locales;
        assert_eq!(of("de fr-CA prs en"), Some(Language::Dari));
        assert_eq!(of("en-GB ps"), Some(Language::English));
        for none in ["", " ", "de", "english", "-", "fa_AF"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_have_the_readers_digits_and_names_stand_alone() {
        assert_eq!(Language::English.number(1405), "1405");
        assert_eq!(Language::Dari.number(1405), "۱۴۰۵");
        assert_eq!(Language::Pashto.number(67), "۶۷");
        let fill = |language: Language| language.fill("a {x} b", "x", "y");
        assert_eq!(fill(Language::English), "a y b");
        assert_eq!(fill(Language::Pashto), "a \u{2068}y\u{2069} b");
    }
}
