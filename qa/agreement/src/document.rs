//! Random documents. Each follows from the seed and its number alone.

use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use unicode_normalization::UnicodeNormalization as _;

use crate::{bend, write};

/// JSON as a text can say it: with members that stand twice, and numbers as they are written.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// A number or a literal, as it stands in the text.
    Token(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A document, most often valid or wrong in one way, sometimes in several.
pub fn random(seed: u64, number: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    let mut document = valid(&mut rng);
    if rng.random_bool(0.5) {
        for _ in 0..=rng.random_range(0..3u32) / 2 {
            bend::member(&mut rng, &mut document);
        }
    }
    let mut text = write::text(&mut rng, &document);
    if rng.random_bool(0.15) {
        for _ in 0..=rng.random_range(0..2u32) {
            bend::bytes(&mut rng, &mut text);
        }
    }
    if rng.random_bool(0.01) {
        bend::length(&mut rng, &mut text);
    }
    text
}

pub fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

fn valid(rng: &mut ChaCha8Rng) -> Json {
    let salt = format!("0x{}", hex::encode(rng.random::<[u8; 32]>()));
    let member = |key: &str, value| (key.to_owned(), value);
    let mut members = vec![
        member("v", Json::Token("1".to_owned())),
        member("salt", Json::Text(salt)),
        member(
            "purpose",
            some(
                rng,
                &["BTG", "HOPERAT", "HPAYMT", "HRESCH", "PATRQT", "TREAT"],
                1,
            ),
        ),
        member("actions", some(rng, &["read", "search"], 1)),
        member("resources", resources(rng)),
        member(
            "exclude",
            some(rng, &["GDIS", "HIV", "PSY", "SEX", "SUD"], 0),
        ),
        member("period", period(rng)),
    ];
    members.shuffle(rng);
    Json::Object(members)
}

/// Some of the sorted items.
fn some(rng: &mut ChaCha8Rng, items: &[&str], least: usize) -> Json {
    let mut chosen: Vec<&str> = items
        .iter()
        .copied()
        .filter(|_| rng.random_bool(0.4))
        .collect();
    if chosen.len() < least {
        chosen.extend(items.choose(rng));
    }
    Json::List(chosen.into_iter().map(text).collect())
}

fn resources(rng: &mut ChaCha8Rng) -> Json {
    let mut types: Vec<String> = (0..rng.random_range(1..5))
        .map(|_| resource_type(rng))
        .collect();
    types.sort_unstable();
    types.dedup();
    let scope = |kind: String, rng: &mut ChaCha8Rng| {
        let mut members = vec![("type".to_owned(), Json::Text(kind))];
        if rng.random_bool(0.6) {
            members.push(("category".to_owned(), categories(rng)));
        }
        members.shuffle(rng);
        Json::Object(members)
    };
    Json::List(types.into_iter().map(|kind| scope(kind, rng)).collect())
}

fn resource_type(rng: &mut ChaCha8Rng) -> String {
    const KNOWN: &[&str] = &[
        "Condition",
        "DiagnosticReport",
        "MedicationRequest",
        "Observation",
        "Patient",
    ];
    if rng.random_bool(0.8) {
        return (*KNOWN.choose(rng).expect("not empty")).to_owned();
    }
    let length = if rng.random_bool(0.2) {
        63
    } else {
        rng.random_range(0..12)
    };
    let letter = |rng: &mut ChaCha8Rng| char::from(*b"abcXYZm".choose(rng).expect("not empty"));
    let rest: String = (0..length).map(|_| letter(rng)).collect();
    format!("Z{rest}")
}

fn categories(rng: &mut ChaCha8Rng) -> Json {
    let mut codes: Vec<String> = (0..rng.random_range(1..5)).map(|_| code(rng)).collect();
    codes.sort_by_cached_key(|code| code.encode_utf16().collect::<Vec<u16>>());
    codes.dedup();
    Json::List(codes.into_iter().map(Json::Text).collect())
}

/// A FHIR code in normal form C.
fn code(rng: &mut ChaCha8Rng) -> String {
    if rng.random_bool(0.3) {
        return (*["laboratory", "vital-signs", "imaging", "survey"]
            .choose(rng)
            .expect("not empty"))
        .to_owned();
    }
    let drawn: String = word(rng)
        .nfc()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .collect();
    // What was filtered out may have kept apart what composes.
    let code: String = drawn.nfc().collect();
    if code.is_empty() || code.len() > 128 {
        "x y".to_owned()
    } else {
        code
    }
}

/// A few characters of any kind, in no normal form.
pub fn word(rng: &mut ChaCha8Rng) -> String {
    (0..rng.random_range(1..7))
        .map(|_| character(rng))
        .collect()
}

/// A character of one of the kinds that languages treat differently, all of Unicode 14 or older: what is newer has a
/// normal form in some of them only.
fn character(rng: &mut ChaCha8Rng) -> char {
    const RANGES: &[(u32, u32)] = &[
        (0x20, 0x7e), // ASCII
        (0x20, 0x7e),
        (0xa0, 0x24f),      // Latin, composed
        (0x300, 0x34e),     // combining marks
        (0x370, 0x373),     // Greek
        (0x5b0, 0x5bd),     // Hebrew points
        (0x620, 0x658),     // Arabic with marks
        (0x915, 0x94d),     // Devanagari
        (0x1100, 0x11ff),   // Hangul, decomposed
        (0x1e00, 0x1eff),   // Latin, composed of several
        (0x1f00, 0x1f15),   // Greek, composed
        (0x2000, 0x2064),   // spaces, joiners, separators
        (0x2100, 0x214f),   // letters that are others
        (0xac00, 0xd7a3),   // Hangul, composed
        (0xe000, 0xe0ff),   // private
        (0xf900, 0xfa6d),   // ideographs that are others
        (0xfb1d, 0xfb36),   // Hebrew, never composed
        (0xff01, 0xffbe),   // wide and narrow forms
        (0x1f600, 0x1f64f), // beyond the first plane
        (0x1d15e, 0x1d164), // music, never composed
        (0x2f800, 0x2fa1d), // ideographs that are others, beyond the first plane
        (0x11099, 0x110ba), // Kaithi, composed beyond the first plane
        (0x10fff0, 0x10fffd),
    ];
    let (first, last) = *RANGES.choose(rng).expect("not empty");
    char::from_u32(rng.random_range(first..=last)).unwrap_or('x')
}

fn period(rng: &mut ChaCha8Rng) -> Json {
    let (mut start, mut end) = (day(rng), day(rng));
    if start > end {
        std::mem::swap(&mut start, &mut end);
    }
    let mut bound = |key: &str, day: String| {
        let open = rng.random_bool(0.3);
        (
            key.to_owned(),
            if open {
                Json::Token("null".to_owned())
            } else {
                Json::Text(day)
            },
        )
    };
    Json::Object(vec![bound("start", start), bound("end", end)])
}

/// A calendar day.
fn day(rng: &mut ChaCha8Rng) -> String {
    let year = if rng.random_bool(0.1) {
        rng.random_range(1..=9999)
    } else {
        rng.random_range(1990..2040)
    };
    format!(
        "{year:04}-{:02}-{:02}",
        rng.random_range(1..=12),
        rng.random_range(1..=28)
    )
}
