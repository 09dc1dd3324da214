//! Every word of the pages: here the places, in `english`, `dari` and `pashto` what stands in them. A language that leaves
//! a place empty does not compile.
//!
//! `{name}` stands for what is filled in, see [`fill`]. The terms are those of the portals' catalogues.

pub mod dari;
pub mod english;
pub mod pashto;

#[cfg(test)]
mod tests;

/// Puts a value in its place.
pub fn fill(text: &str, name: &str, value: &str) -> String {
    text.replace(&format!("{{{name}}}"), value)
}

macro_rules! texts {
    ($($(#[$doc:meta])* $member:ident: $page:ident { $($name:ident,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $page {
                $(pub(crate) $name: &'static str,)*
            }
        )*

        /// Every word in one language, a page in one place.
        #[derive(Debug)]
        pub struct Words {
            $($(#[$doc])* pub(crate) $member: $page,)*
        }

        #[cfg(test)]
        impl Words {
            /// Each text with the name of its place.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$($((concat!(stringify!($member), ".", stringify!($name)), self.$member.$name),)*)*]
            }
        }
    };
}

texts! {
    /// What is around every page.
    around: Around {
        product, languages, awaits_reader,
    }

    /// In place of a page.
    messages: Messages {
        error_title, unavailable, failed, busy, too_many, not_our_form, bad_form, bad_link, over, closed, not_enough,
        passkey_refused, no_passkeys, unknown_client, unknown_redirect, unknown_request, sign_in_needed, to_sign_in,
        signed_out_title, signed_out, continue_title, continue_body, continue_link,
    }

    /// `/sign-in`.
    sign_in: SignIn {
        title, title_again, again, two_steps, passkey_button, passkey_hint, or, login, password, submit, wrong, not_you,
        no_account, enrol, forgotten,
    }

    /// `/sign-in/code`.
    code: Code {
        title, body, label, submit, wrong, start_again,
    }

    /// `/sign-in/second-step`.
    second_step: SecondStep {
        title, body, passkey, passkey_hint, app, app_hint, back,
    }

    /// `/enrol`.
    enrol: Enrol {
        title, body, label, hint, submit, wrong, have_account, sign_in,
    }

    /// `/enrol/name`.
    enrol_name: EnrolName {
        title, patient, provider, admin, label, hint, submit, malformed, taken,
    }

    /// `/enrol/proof`.
    enrol_proof: EnrolProof {
        title, title_again, again, passkey_title, passkey_body, passkey_button, passkey_name, password_title,
        password_body, password_and_app_body, password_button, only_passkey,
    }

    /// `/enrol/password` and `/account/password`.
    new_password: NewPassword {
        title, hint, login, label, repeat, submit, signs_out, too_short, too_long, common, differs, back,
    }

    /// `/enrol/app` and `/account/app`.
    app: App {
        title, first, picture, or_type, second, label, submit, wrong, back,
    }

    /// `/account/passkey`.
    passkey: Passkey {
        title, body, name, name_hint, unnamed, button, back,
    }

    /// `/account`.
    account: Account {
        title, signed_in_as, sign_out, passkeys, no_passkeys, added, last_used, never_used, add_passkey, remove, password,
        has_password, no_password, change_password, set_password, app, has_app, no_app, needs_password, set_up_app,
        replace_app, remove_app, apps, apps_body, show_apps, sessions, this_session, other_session, since, last_seen,
        two_steps, one_step, end, end_all, end_all_hint, done_password, done_app, done_app_removed, done_passkey,
        done_passkey_removed, done_session, done_enrolled, keeps,
    }

    /// `/sign-out`.
    sign_out: SignOut {
        title, body, submit, back,
    }

    /// `/oauth2/authorize`.
    ask: Ask {
        title, not_a_consent, title_for_patient, by_parent, by_attorney, not_a_consent_for_patient, may, afterwards, allow,
        deny,
    }

    /// `/account/apps`.
    apps: Apps {
        title, none, for_parent, for_attorney, since, may, end, not_records, back,
    }

    /// What an app may do, after “It may:”.
    rights: Rights {
        openid, fhir_user, record, online_access, offline_access, audit_read, consent_read, consent_write, consent_request,
        records_read, patients_record, patients_audit_read, patients_consent_read, patients_consent_write, read,
        read_and_change, only, everything, allergies, conditions, reports, documents, visits, vaccines, medicines,
        observations, person, procedures, laboratory, vital_signs, imaging, social_history, survey, exam, procedure,
        therapy, activity,
    }

    /// What the passkey script says.
    script: Script {
        cancelled, unsupported, failed, known, no_script,
    }
}
