//! What each template is given.

use askama::Template;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::frame::Frame;
use super::text::{self, Messages, Script};
use super::wants::Place;
use crate::account::factors::Factors;
use crate::account::passkey;
use crate::session::store::Listed;

macro_rules! texts_of {
    ($($view:ident => $member:ident: $text:ident),* $(,)?) => {
        $(impl $view {
            fn text(&self) -> &'static text::$text {
                &self.frame.words().$member
            }
        })*
    };
}

texts_of!(
    SignIn => sign_in: SignIn,
    Code => code: Code,
    SecondStep => second_step: SecondStep,
    Enrol => enrol: Enrol,
    EnrolName => enrol_name: EnrolName,
    EnrolProof => enrol_proof: EnrolProof,
    NewPassword => new_password: NewPassword,
    AuthenticatorApp => app: App,
    AddPasskey => passkey: Passkey,
    Account => account: Account,
    SignOut => sign_out: SignOut,
);

/// What the passkey script needs: what to ask for, whom to tell, and its words.
#[derive(Debug, Clone)]
pub struct PasskeyButton {
    /// `get` or `create`.
    pub ask: &'static str,
    /// Where the question is.
    pub options: &'static str,
    /// Where the answer goes.
    pub finish: String,
    /// For both.
    pub csrf: String,
    /// What it says.
    pub words: &'static Script,
}

/// In place of a page, or between two.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message {
    frame: Frame,
    title: &'static str,
    body: String,
    link: String,
    link_text: &'static str,
    follow: bool,
}

impl Message {
    /// Something did not work.
    pub fn of_error(frame: Frame, sentence: String) -> Self {
        let text = Self::text(&frame);
        Self {
            frame,
            title: text.error_title,
            body: sentence,
            link: "/sign-in".to_owned(),
            link_text: text.to_sign_in,
            follow: false,
        }
    }

    /// Signed out.
    pub fn signed_out(frame: Frame) -> Self {
        let text = Self::text(&frame);
        Self {
            frame: frame.at(Place::SIGNED_OUT),
            title: text.signed_out_title,
            body: text.signed_out.to_owned(),
            link: "/sign-in".to_owned(),
            link_text: text.to_sign_in,
            follow: false,
        }
    }

    /// Signed in, and on the way back.
    pub fn go_on(frame: Frame, to: &str) -> Self {
        let text = Self::text(&frame);
        Self {
            frame,
            title: text.continue_title,
            body: text.continue_body.to_owned(),
            link: to.to_owned(),
            link_text: text.continue_link,
            follow: true,
        }
    }

    fn text(frame: &Frame) -> &'static Messages {
        &frame.words().messages
    }
}

/// `/sign-in`.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignIn {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// For the form.
    pub csrf: String,
    /// What was wrong.
    pub notice: Option<String>,
    /// The name that was typed.
    pub login: String,
    /// Whether somebody is signed in already and has to be sure it is them.
    pub again: bool,
    /// Whether two factors are needed.
    pub two_steps: bool,
    /// Unless there are no passkeys here.
    pub passkey: Option<PasskeyButton>,
}

/// `/sign-in/code`.
#[derive(Template)]
#[template(path = "code.html")]
pub struct Code {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// For the form.
    pub csrf: String,
    /// What was wrong.
    pub notice: Option<String>,
    /// Where to begin anew.
    pub start: String,
}

/// `/sign-in/second-step`.
#[derive(Template)]
#[template(path = "second_step.html")]
pub struct SecondStep {
    /// Around it.
    pub frame: Frame,
    /// Where to add a passkey, unless there are none here.
    pub passkey: Option<String>,
    /// Where to set up an app, if there is a password that it goes with.
    pub app: Option<String>,
}

/// `/enrol`.
#[derive(Template)]
#[template(path = "enrol.html")]
pub struct Enrol {
    /// Around it.
    pub frame: Frame,
    /// For the form.
    pub csrf: String,
    /// What was wrong.
    pub notice: Option<String>,
}

/// `/enrol/name`.
#[derive(Template)]
#[template(path = "enrol_name.html")]
pub struct EnrolName {
    /// Around it.
    pub frame: Frame,
    /// For the form.
    pub csrf: String,
    /// What was wrong.
    pub notice: Option<String>,
    /// The name that was typed.
    pub login: String,
    /// Whose access this is.
    pub whose: String,
}

/// `/enrol/proof`.
#[derive(Template)]
#[template(path = "enrol_proof.html")]
pub struct EnrolProof {
    /// Around it.
    pub frame: Frame,
    /// Whether the account is there already.
    pub again: bool,
    /// Unless there are no passkeys here.
    pub passkey: Option<PasskeyButton>,
    /// Whether a password may be had.
    pub password: bool,
    /// Whether an app has to go with it.
    pub app: bool,
}

/// `/enrol/password` and `/account/password`.
#[derive(Template)]
#[template(path = "new_password.html")]
pub struct NewPassword {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: &'static str,
    /// For the form.
    pub csrf: String,
    /// What was wrong.
    pub notice: Option<String>,
    /// For password managers.
    pub login: String,
    /// Whether other sessions end.
    pub signs_out: bool,
    /// The page before.
    pub back: &'static str,
}

/// `/enrol/app` and `/account/app`.
#[derive(Template)]
#[template(path = "app.html")]
pub struct AuthenticatorApp {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// For the form.
    pub csrf: String,
    /// What was wrong.
    pub notice: Option<String>,
    /// To be scanned (SVG).
    pub picture: String,
    /// To be typed.
    pub key: String,
    /// The page before.
    pub back: &'static str,
}

/// `/account/passkey`.
#[derive(Template)]
#[template(path = "add_passkey.html")]
pub struct AddPasskey {
    /// Around it.
    pub frame: Frame,
    /// The button.
    pub passkey: PasskeyButton,
}

/// `/account`.
#[derive(Template)]
#[template(path = "account.html")]
pub struct Account {
    /// Around it.
    pub frame: Frame,
    /// For the forms.
    pub csrf: String,
    /// What was done, or not.
    pub notice: Option<Notice>,
    /// The sign-in name.
    pub login: String,
    /// What the account has.
    pub factors: Factors,
    /// Whether passwords are of use to this persona.
    pub may_have_password: bool,
    /// Whether there can be passkeys here.
    pub may_add_passkey: bool,
    /// Its passkeys.
    pub passkeys: Vec<passkey::Stored>,
    /// Its sessions.
    pub sessions: Vec<Listed>,
    /// The one that this is.
    pub session: uuid::Uuid,
}

/// Something that was done, or not.
pub struct Notice {
    /// In words.
    pub text: &'static str,
    /// Whether it was done.
    pub good: bool,
}

/// `/sign-out`.
#[derive(Template)]
#[template(path = "sign_out.html")]
pub struct SignOut {
    /// Around it.
    pub frame: Frame,
    /// For the form.
    pub csrf: String,
    /// Who is signed in.
    pub login: String,
}

impl Account {
    /// A time as machines read it, for `<time>`.
    fn machine(&self, at: &OffsetDateTime) -> String {
        at.format(&Rfc3339).unwrap_or_default()
    }

    /// A time as it stands until a script writes it as its reader counts: without one there is no guess about where they
    /// are.
    fn human(&self, at: &OffsetDateTime) -> String {
        let form = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        let at = at.to_offset(UtcOffset::UTC);
        at.format(&form).unwrap_or_default()
    }
}
