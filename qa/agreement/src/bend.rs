//! What makes a document wrong, or another one.

use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::document::{Json, text, word};

/// Numbers and what looks like one.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "-0",
    "1.0",
    "1e0",
    "1E+2",
    "-0.0",
    "0.1",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740991",
    "-9007199254740993",
    "9007199254740993.0",
    "18446744073709551616",
    "1e999",
    "-1e-999",
    "01",
    "-01",
    "+1",
    ".5",
    "1.",
    "1e",
    "0x1",
    "1_0",
    "NaN",
    "Infinity",
    "-Infinity",
    "1-2",
    "1.5.5",
];
const LITERALS: &[&str] = &["null", "true", "false", "True", "None", "undefined", "nul"];
const KEYS: &[&str] = &[
    "v",
    "V",
    "salt",
    "Salt",
    "purpose",
    "actions",
    "ACTIONS",
    "resources",
    "exclude",
    "period",
    "type",
    "Type",
    "category",
    "start",
    "end",
    "End",
    "",
    "__proto__",
    "constructor",
    "toString",
    "\u{17f}alt",
    "s\u{e4}lt",
    "S\u{c4}LT",
    "ca\u{301}",
];
const TEXTS: &[&str] = &[
    "",
    " ",
    "x ",
    " x",
    "x  y",
    "x y",
    "x\ty",
    "x\u{a0}y",
    "x\u{3000}y",
    "x\u{85}y",
    "x\u{7f}y",
    "x\u{200b}y",
    "x\u{2028}y",
    "x\u{1680}y",
    "x\u{180e}y",
    "\u{feff}x",
    "x\u{0}y",
    "e\u{301}",
    "\u{e9}",
    "\u{212b}",
    "\u{1112}\u{1161}",
    "\u{958}",
    "\u{344}",
    "TREAT",
    "treat",
    "READ",
    "PSY",
    "Observation",
    "observation",
    "Observ\u{430}tion",
    "Patient/1",
    "hasOwnProperty",
    "__proto__",
];
const DAYS: &[&str] = &[
    "2024-02-29",
    "2023-02-29",
    "1900-02-29",
    "2000-02-29",
    "0000-01-01",
    "0001-01-01",
    "9999-12-31",
    "2024-00-10",
    "2024-13-01",
    "2024-01-00",
    "2024-01-32",
    "2024-04-31",
    "2024-1-01",
    "24-01-01",
    "2024-01-01T00:00:00Z",
    "+024-01-01",
    " 2024-01-01",
    "2024-01-01 ",
    "2024-01-01\n",
    "20240101",
    "2024-W01-1",
    "\u{662}\u{660}\u{662}\u{664}-01-01",
    "-001-01-01",
    "2024/01/01",
];
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0041",
    "\\ud800",
    "\\udc00",
    "\\ud83d\\ude00",
    "\\x41",
    "\\u12",
    "'",
    "/*",
    "//",
    "\u{b}",
    "\u{c}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    " ",
    "\n",
    "\u{0}",
    "\u{1f}",
    "1.5",
    "1e999",
    "-0",
    "null",
    "\"v\":1,",
    "\"V\":1,",
    "\"v\":",
    "\"\\u0076\":1,",
    "NaN",
    "\u{e9}",
    "\u{1f600}",
];

/// Bends one member somewhere in the document.
pub fn member(rng: &mut ChaCha8Rng, document: &mut Json) {
    if let Json::Object(members) = document
        && rng.random_bool(0.1)
    {
        // Numbers have a place in one member only.
        if let Some((_, value)) = members.iter_mut().find(|(key, _)| key == "v") {
            *value = token(rng, NUMBERS);
        }
        return;
    }
    let at = rng.random_range(0..count(document));
    let place = nth(document, &mut { at }).expect("counted");
    match place {
        Json::Object(members) if rng.random_bool(0.8) => object(rng, members),
        Json::List(items) if rng.random_bool(0.8) => list(rng, items),
        Json::Text(value) if rng.random_bool(0.8) => value_of(rng, value),
        place => *place = anything(rng, 0),
    }
}

fn object(rng: &mut ChaCha8Rng, members: &mut Vec<(String, Json)>) {
    let key = (*KEYS.choose(rng).expect("not empty")).to_owned();
    let index = (!members.is_empty()).then(|| rng.random_range(0..members.len()));
    match (rng.random_range(0..5), index) {
        (0, Some(index)) => drop(members.remove(index)),
        (1, Some(index)) => members[index].0 = key,
        (2, Some(index)) => {
            let twice = members[index].clone();
            members.push(twice);
        }
        (3, Some(index)) => {
            let (name, value) = members[index].clone();
            members.push((name.to_ascii_uppercase(), value));
        }
        _ => {
            let value = anything(rng, 1);
            members.push((key, value));
        }
    }
}

fn list(rng: &mut ChaCha8Rng, items: &mut Vec<Json>) {
    match rng.random_range(0..5) {
        0 => items.clear(),
        1 => items.reverse(),
        2 if !items.is_empty() => {
            let twice = items[rng.random_range(0..items.len())].clone();
            items.push(twice);
        }
        3 if items.len() > 1 => {
            let (a, b) = (
                rng.random_range(0..items.len()),
                rng.random_range(0..items.len()),
            );
            items.swap(a, b);
        }
        _ => {
            let at = rng.random_range(0..=items.len());
            items.insert(at, anything(rng, 1));
        }
    }
}

fn value_of(rng: &mut ChaCha8Rng, value: &mut String) {
    let at = (0..=value.len())
        .filter(|at| value.is_char_boundary(*at))
        .collect::<Vec<_>>();
    let at = *at.choose(rng).expect("0 is one");
    match rng.random_range(0..9) {
        0 => *value = value.to_uppercase(),
        1 => value.truncate(at),
        2 => value.insert_str(at, TEXTS.choose(rng).expect("not empty")),
        3 => *value = value.repeat(rng.random_range(2..70)),
        4 => *value = word(rng),
        5 => value.insert_str(at, &word(rng)),
        6 => *value = (*DAYS.choose(rng).expect("not empty")).to_owned(),
        7 => *value = value.trim_start_matches("0x").to_owned(),
        _ => *value = (*TEXTS.choose(rng).expect("not empty")).to_owned(),
    }
}

fn token(rng: &mut ChaCha8Rng, all: &[&str]) -> Json {
    Json::Token((*all.choose(rng).expect("not empty")).to_owned())
}

fn anything(rng: &mut ChaCha8Rng, depth: u32) -> Json {
    let token = |rng: &mut ChaCha8Rng, all: &[&str]| {
        Json::Token((*all.choose(rng).expect("not empty")).to_owned())
    };
    match rng.random_range(0..if depth > 2 { 4 } else { 8 }) {
        0 | 1 => token(rng, NUMBERS),
        2 => token(rng, LITERALS),
        3 => text(TEXTS.choose(rng).expect("not empty")),
        4 => Json::List(
            (0..rng.random_range(0..3))
                .map(|_| anything(rng, depth + 1))
                .collect(),
        ),
        5 => {
            let key = |rng: &mut ChaCha8Rng| (*KEYS.choose(rng).expect("not empty")).to_owned();
            Json::Object(
                (0..rng.random_range(0..3))
                    .map(|_| (key(rng), anything(rng, depth + 1)))
                    .collect(),
            )
        }
        6 => text(DAYS.choose(rng).expect("not empty")),
        _ => nested(rng),
    }
}

/// About as deep as readers go.
fn nested(rng: &mut ChaCha8Rng) -> Json {
    let depth = if rng.random_bool(0.2) {
        rng.random_range(120..132)
    } else {
        rng.random_range(1..4)
    };
    let list = rng.random_bool(0.5);
    (0..depth).fold(text("deep"), |inner, _| {
        if list {
            Json::List(vec![inner])
        } else {
            Json::Object(vec![("k".to_owned(), inner)])
        }
    })
}

/// Bends the text, which may be none any more.
pub fn bytes(rng: &mut ChaCha8Rng, text: &mut Vec<u8>) {
    let at = rng.random_range(0..=text.len());
    let end = (at + rng.random_range(1..4)).min(text.len());
    let token = *TOKENS.choose(rng).expect("not empty");
    match rng.random_range(0..7) {
        0 => drop(text.splice(at..at, token.bytes())),
        1 => drop(text.splice(at..end, token.bytes())),
        2 => drop(text.drain(at..end)),
        3 => text.truncate(at),
        4 => text.insert(at, rng.random()),
        5 => text.extend(token.bytes()),
        _ => drop(text.splice(0..0, "\u{feff}".bytes())),
    }
}

/// Makes the text about as long as a document may be.
pub fn length(rng: &mut ChaCha8Rng, text: &mut Vec<u8>) {
    let length = consent_core::policy::MAX_BYTES - 2 + rng.random_range(0..5);
    if length > text.len() {
        let spaces = vec![b' '; length - text.len()];
        text.splice(0..0, spaces);
    }
}

fn count(value: &Json) -> usize {
    1 + match value {
        Json::List(items) => items.iter().map(count).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| count(value)).sum::<usize>(),
        Json::Token(_) | Json::Text(_) => 0,
    }
}

/// The value with this place in the order of the text.
fn nth<'a>(value: &'a mut Json, left: &mut usize) -> Option<&'a mut Json> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Json::List(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Json::Object(members) => members.iter_mut().find_map(|(_, value)| nth(value, left)),
        Json::Token(_) | Json::Text(_) => None,
    }
}
