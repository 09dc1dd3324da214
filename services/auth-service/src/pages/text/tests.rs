//! What holds of every word in every language.

use std::collections::BTreeSet;

use super::*;
use crate::pages::language::Language;

/// What is written in Latin letters everywhere.
const LATIN: [&str; 1] = ["Consentry"];

fn places(text: &str) -> BTreeSet<&str> {
    let parts = text.split('{').skip(1);
    parts
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .collect()
}

fn without_places(text: &str) -> String {
    let mut left = text.to_owned();
    for place in places(text) {
        left = fill(&left, place, "");
    }
    LATIN.iter().fold(left, |left, word| left.replace(word, ""))
}

#[test]
fn values_are_filled_in() {
    assert_eq!(
        fill("wait {seconds} seconds", "seconds", "7"),
        "wait 7 seconds"
    );
}

#[test]
fn every_language_fills_in_the_same_values() {
    for language in Language::ALL {
        let pairs = language.words().all().into_iter().zip(english::WORDS.all());
        for ((name, text), (_, english)) in pairs {
            assert_eq!(places(text), places(english), "{name} in {language:?}");
        }
    }
}

#[test]
fn dari_and_pashto_have_no_english_left_and_no_latin_digit() {
    for language in [Language::Dari, Language::Pashto] {
        for (name, text) in language.words().all() {
            let latin = without_places(text)
                .chars()
                .find(char::is_ascii_alphanumeric);
            assert_eq!(latin, None, "{name} in {language:?}: {text}");
        }
    }
}

#[test]
fn no_place_is_empty_and_no_two_languages_say_the_same() {
    let words = Language::ALL.map(|language| language.words().all());
    for (place, (name, english)) in words[0].iter().enumerate() {
        let texts = words.each_ref().map(|words| words[place].1);
        assert!(texts.iter().all(|text| !text.trim().is_empty()), "{name}");
        let translated = texts[1] != *english && texts[2] != *english;
        assert!(translated || LATIN.contains(english), "{name}");
    }
}

#[test]
fn letters_of_one_language_do_not_stand_in_the_other() {
    // Pashto has letters of its own; Arabic's kaf and yeh without dots are typing mistakes in both.
    let pashto = "ټډړږښګڼېۍ";
    for (language, strangers) in [(Language::Dari, pashto), (Language::Pashto, "گ")] {
        for (name, text) in language.words().all() {
            let stranger = text
                .chars()
                .find(|c| strangers.contains(*c) || "كى".contains(*c));
            assert_eq!(stranger, None, "{name} in {language:?}: {text}");
        }
    }
}

#[test]
fn pashto_has_a_name_for_each_month() {
    let months: BTreeSet<&str> = pashto::MONTHS.split(' ').collect();
    assert_eq!(months.len(), 12);
}
