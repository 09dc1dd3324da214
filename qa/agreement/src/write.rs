//! One of the many texts of a JSON value.

use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::document::Json;

/// Writes with white space and escapes of any kind.
pub fn text(rng: &mut ChaCha8Rng, value: &Json) -> Vec<u8> {
    let style = Style {
        spaced: rng.random_bool(0.3),
        escapes: if rng.random_bool(0.3) { 0.2 } else { 0.0 },
    };
    let mut text = String::new();
    style.value(rng, value, &mut text);
    style.space(rng, &mut text);
    text.into_bytes()
}

struct Style {
    spaced: bool,
    /// How likely a character is escaped that need not be.
    escapes: f64,
}

impl Style {
    fn space(&self, rng: &mut ChaCha8Rng, out: &mut String) {
        while self.spaced && rng.random_bool(0.3) {
            out.push(*[' ', '\t', '\n', '\r'].choose(rng).expect("not empty"));
        }
    }

    fn value(&self, rng: &mut ChaCha8Rng, value: &Json, out: &mut String) {
        self.space(rng, out);
        match value {
            Json::Token(token) => out.push_str(token),
            Json::Text(text) => self.string(rng, text, out),
            Json::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    self.value(rng, item, out);
                }
                self.space(rng, out);
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    self.space(rng, out);
                    self.string(rng, key, out);
                    self.space(rng, out);
                    out.push(':');
                    self.value(rng, value, out);
                }
                self.space(rng, out);
                out.push('}');
            }
        }
        self.space(rng, out);
    }

    fn string(&self, rng: &mut ChaCha8Rng, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            if self.escapes > 0.0 && rng.random_bool(self.escapes) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let digits = format!("\\u{unit:04x}");
                    out.push_str(&if rng.random_bool(0.5) {
                        digits
                    } else {
                        digits.to_uppercase().replace("\\U", "\\u")
                    });
                }
                continue;
            }
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '/' if rng.random_bool(0.5) => out.push_str("\\/"),
                '\u{0}'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        out.push('"');
    }
}
