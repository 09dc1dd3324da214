//! Passwords that everybody tries first (NIST SP 800-63B-4 §3.1.1.2). Long ones are seldom on published lists as they are:
//! they are a common word, dressed up. So what is looked up is the word.

/// Words that a password must not come down to, without digits and signs, in lower case.
const WORDS: [&str; 66] = [
    "abc",
    "abcd",
    "abcde",
    "abcdef",
    "access",
    "account",
    "admin",
    "administrator",
    "baseball",
    "batman",
    "charlie",
    "changeme",
    "clinic",
    "computer",
    "consentry",
    "daniel",
    "default",
    "doctor",
    "dragon",
    "family",
    "flower",
    "football",
    "freedom",
    "google",
    "guest",
    "hallo",
    "health",
    "hello",
    "hospital",
    "hunter",
    "iloveyou",
    "internet",
    "jesus",
    "jordan",
    "killer",
    "letmein",
    "login",
    "lovely",
    "manager",
    "master",
    "medical",
    "michael",
    "monkey",
    "mustang",
    "nothing",
    "nurse",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "patient",
    "pokemon",
    "princess",
    "qwerty",
    "qwertz",
    "secret",
    "shadow",
    "starwars",
    "summer",
    "sunshine",
    "superman",
    "test",
    "trustno",
    "welcome",
    "whatever",
];

/// Rows of keys and of the alphabet, along which fingers run.
const RUNS: [&str; 8] = [
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
];

/// Whether this password is among the first that anybody would try for somebody of this sign-in name.
pub fn is_common(password: &str, login: &str) -> bool {
    let plain = password.to_lowercase();
    let letters = undress(&plain);
    has_few_characters(&plain)
        || is_run(&plain)
        || is_repeated_word(&letters)
        || is_login(&plain, &login.to_lowercase())
}

/// Without what is hung around a word, and with letters for the digits and signs that stand for them.
fn undress(plain: &str) -> String {
    let word = plain.trim_matches(|c: char| !c.is_alphabetic());
    word.chars()
        .filter_map(|c| match c {
            '0' => Some('o'),
            '1' | '!' => Some('i'),
            '3' => Some('e'),
            '4' | '@' => Some('a'),
            '5' | '$' => Some('s'),
            '7' => Some('t'),
            c if c.is_alphabetic() => Some(c),
            _ => None,
        })
        .collect()
}

fn has_few_characters(plain: &str) -> bool {
    let mut characters: Vec<char> = plain.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    characters.len() < 5
}

/// Whether nearly all of it runs along keys or the alphabet.
fn is_run(plain: &str) -> bool {
    let characters: Vec<char> = plain.chars().collect();
    let along = characters
        .windows(3)
        .filter(|three| {
            let three: String = three.iter().collect();
            RUNS.iter().any(|run| run.contains(&three))
        })
        .count();
    along * 4 >= characters.len() * 3 || along + 4 >= characters.len()
}

/// Whether it is one of the words, once or several times.
fn is_repeated_word(letters: &str) -> bool {
    letters.is_empty()
        || WORDS
            .iter()
            .any(|word| letters.replace(word, "").is_empty())
}

/// Whether little is left of it without the sign-in name.
fn is_login(plain: &str, login: &str) -> bool {
    let name = login.split('@').next().unwrap_or_default();
    [login, name]
        .into_iter()
        .filter(|known| known.chars().count() >= 4)
        .any(|known| plain.replace(known, "").chars().count() < 6 && plain.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_is_common() {
        for password in [
            "password1234",
            "P@ssw0rd2024!!",
            "passwordpassword",
            "Welcome12345!",
            "123456789012",
            "qwertyuiop123",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaa",
            "abababababab",
            "iloveyou2023",
            "987654321098",
            "abcdefghijkl",
            "!!!!20242025",
            "hospitalhospital",
            "jane.doe1234",
            "JANE.DOE@example.org",
        ] {
            assert!(is_common(password, "jane.doe@example.org"), "{password}");
        }
    }

    #[test]
    fn what_people_make_up_themselves_is_not() {
        for password in [
            "correct horse battery staple",
            "we walk the dog at seven",
            "mvz%k2!hq9xw",
            "blue-kettle-on-tuesday",
            "password managers are fine",
            "пароль из четырёх слов",
            "桜の木の下で昼寝をする猫",
        ] {
            assert!(!is_common(password, "jane.doe@example.org"), "{password}");
        }
    }
}
