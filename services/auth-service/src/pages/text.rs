//! Every word of the pages, a page in one place. Another language is another constant of each.
//!
//! `{name}` stands for what is filled in, see [`fill`].

/// Puts a value in its place.
pub fn fill(text: &str, name: &str, value: impl ToString) -> String {
    text.replace(&format!("{{{name}}}"), &value.to_string())
}

macro_rules! texts {
    ($($(#[$doc:meta])* $page:ident { $($name:ident: $english:literal,)* })*) => {
        $(
            $(#[$doc])*
            pub struct $page {
                $(pub(crate) $name: &'static str,)*
            }

            impl $page {
                /// In English.
                pub const ENGLISH: Self = Self { $($name: $english,)* };
            }
        )*
    };
}

texts! {
    /// What is around every page.
    Around {
        language: "en",
        direction: "ltr",
        product: "Consentry",
    }

    /// In place of a page.
    Messages {
        error_title: "This did not work",
        unavailable: "We cannot reach our records right now. Nothing was changed. Please try again in a few seconds.",
        failed: "Something went wrong on our side. Please try again. If it happens again, tell the people who gave you access.",
        busy: "Many people are signing in right now. Please wait a few seconds and try again.",
        too_many: "There were too many tries. Please wait {seconds} seconds and try again.",
        not_our_form: "This page was open for too long, or it was opened from somewhere else. Please go back, reload the page and try again.",
        bad_form: "Something is missing in what was sent. Please go back and fill in the form again.",
        bad_link: "This link is not complete or not one of ours. Please go back to where you came from and start again from there.",
        over: "This took too long, or was finished already. Please start again.",
        closed: "This account is closed. Please contact the people who gave you access.",
        not_enough: "This account needs a stronger way to sign in. Please use your passkey, or ask for a new enrolment code.",
        passkey_refused: "That passkey does not open an account here. Please try another one, or sign in in another way.",
        no_passkeys: "Passkeys cannot be used at this address.",
        unknown_client: "The app that sent you here is not registered with us. Nothing was shared with it.",
        unknown_redirect: "The app that sent you here named an address that is not registered as its own. Nothing was shared with it.",
        unknown_request: "This request is no longer valid. Please go back to the app and start again from there.",
        sign_in_needed: "Please sign in again to do this.",
        to_sign_in: "Go to sign-in",
        signed_out_title: "You are signed out",
        signed_out: "You can close this window now. On a device that others use too, close the whole browser.",
        continue_title: "You are signed in",
        continue_body: "We are taking you back to where you came from.",
        continue_link: "Continue",
    }

    /// `/sign-in`.
    SignIn {
        title: "Sign in",
        title_again: "Confirm it is you",
        again: "For this step we need to be sure that it is you. Please sign in once more.",
        two_steps: "This step needs a passkey, or your password together with a code from your authenticator app.",
        passkey_button: "Sign in with a passkey",
        passkey_hint: "Your device asks for your finger, your face or your PIN.",
        or: "or",
        login: "Sign-in name",
        password: "Password",
        submit: "Sign in",
        wrong: "The sign-in name or the password is not right. Please check both and try again.",
        not_you: "Sign in as someone else",
        no_account: "New here?",
        enrol: "Use an enrolment code",
        forgotten: "You forgot your password or lost your device? The people who gave you access can give you a new enrolment code.",
    }

    /// `/sign-in/code`.
    Code {
        title: "Enter your code",
        body: "Open your authenticator app and type the six digits that it shows for {site}.",
        label: "Six-digit code",
        submit: "Continue",
        wrong: "This code is not right, or it was used before. Please wait for the next one and type that.",
        start_again: "Start again",
    }

    /// `/sign-in/second-step`.
    SecondStep {
        title: "A second step is needed",
        body: "What you want to do is protected by two steps, and your account has only a password so far. Please add one of these. It takes a minute.",
        passkey: "Add a passkey",
        passkey_hint: "The easiest. You sign in with your finger, your face or your PIN.",
        app: "Use an authenticator app",
        app_hint: "An app on your phone shows a code that you type after your password.",
        back: "Not now",
    }

    /// `/enrol`.
    Enrol {
        title: "Set up your access",
        body: "Type the code from your letter, or the one that you were given. It works once.",
        label: "Enrolment code",
        hint: "16 letters and digits. Capitals and hyphens do not matter.",
        submit: "Continue",
        wrong: "This code does not work. It may be mistyped, used already or too old. Please check it, or ask for a new one.",
        have_account: "You have an account already?",
        sign_in: "Sign in",
    }

    /// `/enrol/name`.
    EnrolName {
        title: "Choose a sign‑in name",
        patient: "You are setting up access to your own health record at {site}.",
        provider: "You are setting up access for your work with {organization} at {site}.",
        admin: "You are setting up access as an administrator of {site}.",
        label: "Sign-in name",
        hint: "3 to 64 letters, digits or . _ - + @. Your e-mail address is fine. Only you and the people who look after accounts see it.",
        submit: "Continue",
        malformed: "A sign-in name has 3 to 64 letters, digits or . _ - + @. Please choose another one.",
        taken: "Somebody has this sign-in name already. Please choose another one.",
    }

    /// `/enrol/proof`.
    EnrolProof {
        title: "How do you want to sign in?",
        title_again: "Set up how you sign in",
        again: "This replaces all ways in which you signed in before. You will be signed out everywhere else.",
        passkey_title: "With a passkey",
        passkey_body: "Recommended. Your device or security key signs you in with your finger, your face or your PIN. There is nothing to remember, and nothing that can be stolen from us.",
        passkey_button: "Create a passkey",
        passkey_name: "First passkey",
        password_title: "With a password",
        password_body: "You choose a password of at least 12 characters.",
        password_and_app_body: "You choose a password of at least 12 characters, and an app on your phone shows a code each time.",
        password_button: "Use a password instead",
        only_passkey: "Administrators sign in with a passkey only.",
    }

    /// `/enrol/password` and `/account/password`.
    NewPassword {
        title: "Choose a password",
        hint: "At least 12 characters. A short sentence is easy to remember and hard to guess. A password manager can make one for you.",
        login: "Sign-in name",
        label: "New password",
        repeat: "The same password again",
        submit: "Save the password",
        signs_out: "You will be signed out on your other devices.",
        too_short: "This password is too short. Please choose one of at least 12 characters.",
        too_long: "This password is too long. Please choose one of at most 256 characters.",
        common: "This password is one of the first that somebody would try. Please choose another one, such as a short sentence of your own.",
        differs: "The two passwords are not the same. Please type both again.",
        back: "Back",
    }

    /// `/enrol/app` and `/account/app`.
    App {
        title: "Set up your authenticator app",
        first: "Open your authenticator app and scan this picture.",
        picture: "Picture that your authenticator app can scan",
        or_type: "Or type this key into the app:",
        second: "Then type the six digits that the app shows.",
        label: "Six-digit code",
        submit: "Finish",
        wrong: "This code is not right. Please check that the time on your phone is set automatically, and type the next code.",
        back: "Back",
    }

    /// `/account/passkey`.
    Passkey {
        title: "Add a passkey",
        body: "Your device or security key will ask for your finger, your face or your PIN. Add one on each device that you use, so that you can still get in when you lose one.",
        name: "Name of this passkey",
        name_hint: "So that you know it again, such as “my phone”.",
        unnamed: "Passkey",
        button: "Create a passkey",
        back: "Back",
    }

    /// `/account`.
    Account {
        title: "Your account",
        signed_in_as: "Signed in as",
        sign_out: "Sign out",
        passkeys: "Passkeys",
        no_passkeys: "You have no passkey yet. With one you sign in with your finger, your face or your PIN.",
        added: "Added",
        last_used: "Last used",
        never_used: "Not used yet",
        add_passkey: "Add a passkey",
        remove: "Remove",
        password: "Password",
        has_password: "You have a password.",
        no_password: "You have no password and do not need one.",
        change_password: "Change the password",
        set_password: "Set a password",
        app: "Authenticator app",
        has_app: "After your password you are asked for a code from your app.",
        no_app: "Not set up. With it, somebody who learns your password still cannot get in.",
        needs_password: "It goes together with a password.",
        set_up_app: "Set up the app",
        replace_app: "Set up another app",
        remove_app: "Remove the app",
        apps: "Apps",
        apps_body: "The apps that you have let in, and what they may do.",
        show_apps: "Show my apps",
        sessions: "Where you are signed in",
        this_session: "This browser",
        other_session: "Another browser",
        since: "Since",
        last_seen: "last used",
        two_steps: "with two steps",
        one_step: "with one step",
        end: "Sign out there",
        end_all: "Sign out everywhere",
        end_all_hint: "Also ends the access of all apps until you sign in to them again.",
        done_password: "Your password is saved.",
        done_app: "Your authenticator app is set up.",
        done_app_removed: "The authenticator app was removed.",
        done_passkey: "Your new passkey is ready.",
        done_passkey_removed: "The passkey was removed.",
        done_session: "That browser is signed out.",
        done_enrolled: "Your access is set up. Welcome.",
        keeps: "This cannot be removed: without it you could not sign in any more. Add another way first.",
    }

    /// `/sign-out`.
    SignOut {
        title: "Sign out?",
        body: "You are signed in as {login}.",
        submit: "Sign out",
        back: "Stay signed in",
    }

    /// `/oauth2/authorize`.
    Ask {
        title: "Allow {app} to act for you?",
        not_a_consent: "This lets the app ask on your behalf. It does not let anyone read your record: that needs your consent, which you give in the portal.",
        title_for_patient: "Allow {app} to act for patient {patient}?",
        by_parent: "You act for another patient: as a parent of the patient with the record number {patient}. The app would act for that patient, not for you.",
        by_attorney: "You act for another patient: by a power of attorney of the patient with the record number {patient}. The app would act for that patient, not for you.",
        not_a_consent_for_patient: "This lets the app ask on the patient's behalf. It does not let anyone read the patient's record: that needs a consent of its own, which is given in the portal.",
        may: "It would be able to:",
        afterwards: "You go back to {host} afterwards. You can take this back at any time under “Apps” in your account.",
        allow: "Allow",
        deny: "Do not allow",
    }

    /// `/account/apps`.
    Apps {
        title: "Apps that may act for you",
        none: "There are none.",
        for_parent: "For the patient with the record number {patient}, as a parent",
        for_attorney: "For the patient with the record number {patient}, by a power of attorney",
        since: "Allowed on",
        may: "It may:",
        end: "Take this back",
        not_records: "Who may read your record is decided in the portal, not here.",
        back: "Back to your account",
    }

    /// What the passkey script says.
    Script {
        cancelled: "No passkey was used. You can try again, or use another way.",
        unsupported: "This browser cannot use passkeys.",
        failed: "That did not work. Please reload the page and try again.",
        known: "This device has a passkey for your account already.",
        no_script: "Passkeys need JavaScript, which is switched off in this browser.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in() {
        assert_eq!(
            fill("wait {seconds} seconds", "seconds", 7),
            "wait 7 seconds"
        );
    }
}
