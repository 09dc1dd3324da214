//! `/enrol`: from a one-time code to an account, page by page.

use std::sync::Arc;

use access_token::Persona;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use crate::account::code::Code;
use crate::account::enrolment::{self, Enrolment};
use crate::account::password::{Fault, Password};
use crate::account::{self, Role, enrol, store as accounts, totp};
use crate::limit::backoff::{self, Counter};
use crate::pages::browser::{Visit, VisitForm};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::text::NewPassword;
use crate::pages::views::{self, PasskeyButton};
use crate::pages::{page, see_other, with_cookie};
use crate::session::Shown;
use crate::session::ceremony::{self, Ceremony, Enrolling, Step};
use crate::session::cookie::Secret;
use crate::session::sign_in::Entered;
use crate::{App, random_id};

/// How [`Step::Enrolling`] is called in the database.
const ENROLLING: &str = "enrolling";
/// Where somebody goes who has no name yet.
const NAME: &str = "/enrol/name";
/// Where somebody goes whose name was taken while they chose their password.
pub const NAME_TAKEN: &str = "/enrol/name?taken";
/// Where somebody goes who is in.
pub const DONE: &str = "/account?done=enrolled";

/// An enrolment that a browser is in the middle of.
pub struct Progress {
    /// The ceremony's id.
    pub id: uuid::Uuid,
    /// How far it has come.
    pub enrolling: Enrolling,
    /// What it is for.
    pub enrolment: Enrolment,
}

impl Progress {
    /// Where this browser is.
    ///
    /// # Errors
    /// [`PageError::Over`] when it is nowhere, or the code is no longer good.
    pub async fn of(app: &App, secret: &Secret) -> Result<Self, PageError> {
        let now = app.now();
        let found = ceremony::find(&app.db, &app.tenant, secret, ENROLLING, now).await?;
        let Some(Ceremony {
            id,
            step: Step::Enrolling(enrolling),
            ..
        }) = found
        else {
            return Err(PageError::Over);
        };
        let enrolment = enrolment::find(&app.db, &app.tenant, enrolling.enrolment, now).await?;
        Ok(Self {
            id,
            enrolling,
            enrolment: enrolment.ok_or(PageError::Over)?,
        })
    }

    /// The persona that the account will have.
    pub fn persona(&self) -> Persona {
        self.enrolment.role.persona()
    }

    async fn advance(&self, app: &App, enrolling: Enrolling) -> Result<(), PageError> {
        let step = Step::Enrolling(enrolling);
        if ceremony::advance(&app.db, &app.tenant, self.id, &step, app.now()).await? {
            Ok(())
        } else {
            Err(PageError::Over)
        }
    }

    /// The name, once it is chosen.
    fn login(&self) -> Option<&str> {
        self.enrolling.login.as_deref()
    }

    /// Ends it with an account, and lets its owner in.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn finish(
        &self,
        app: &App,
        shown: &Shown,
        secret: &Secret,
        chosen: enrol::Chosen<'_>,
    ) -> Result<Option<Entered>, PageError> {
        let done = enrol::finish(
            app,
            shown,
            secret,
            self.id,
            &self.enrolling,
            &self.enrolment,
            chosen,
        );
        match done.await {
            Ok(entered) => Ok(Some(entered)),
            Err(enrol::EnrolError::LoginTaken) => Ok(None),
            Err(enrol::EnrolError::Over | enrol::EnrolError::HasAccount) => Err(PageError::Over),
            Err(enrol::EnrolError::PasskeyTaken) => Err(PageError::PasskeyRefused),
            Err(enrol::EnrolError::SignIn(error)) => Err(error.into()),
        }
    }
}

fn code_form(frame: Frame, secret: &Secret, notice: Option<&str>) -> views::Enrol {
    views::Enrol {
        frame,
        csrf: secret.csrf(),
        notice: notice.map(str::to_owned),
    }
}

/// The form for the code.
pub async fn get(visit: Visit, frame: Frame) -> Result<Response, PageError> {
    let response = page(StatusCode::OK, &code_form(frame, &visit.secret, None))?;
    Ok(if visit.is_new {
        with_cookie(response, visit.secret.set_visit())
    } else {
        response
    })
}

/// A code. Why one is not good stays with us.
pub async fn post(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: VisitForm,
) -> Result<Response, PageError> {
    let now = app.now();
    let counters = Counter::of_enrolment(form.network);
    backoff::attempt(&app.db, &app.tenant, &counters, now).await?;
    let opened = match Code::parse(form.fields.get("code")?) {
        Some(code) => enrolment::open(&app.db, &app.tenant, &code, now).await?,
        None => None,
    };
    let Some(enrolment) = opened else {
        let notice = Some(frame.words().enrol.wrong);
        let again = code_form(frame, &form.secret, notice);
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    };
    let login = match enrolment.account {
        Some(account) => accounts::find(&app.db, &app.tenant, account)
            .await?
            .map(|account| account.login),
        None => None,
    };
    let next = if login.is_some() {
        "/enrol/proof"
    } else {
        NAME
    };
    let ceremony = Ceremony {
        id: random_id(&app.random),
        account: enrolment.account,
        step: Step::Enrolling(Enrolling {
            enrolment: enrolment.id,
            account: enrolment.account.unwrap_or_else(|| random_id(&app.random)),
            login,
            password: None,
            secret: None,
        }),
    };
    // Another secret: whoever knew the one of before is not at this step.
    let secret = Secret::generate(&app.random);
    let mut transaction = app.db.begin().await?;
    backoff::forgive(&mut transaction, &app.tenant, &counters).await?;
    ceremony::begin(&mut *transaction, &app.tenant, &secret, &ceremony, now).await?;
    transaction.commit().await?;
    Ok(with_cookie(see_other(next), secret.set_visit()))
}

fn name_form(
    frame: Frame,
    secret: &Secret,
    role: &Role,
    login: &str,
    notice: Option<&str>,
) -> views::EnrolName {
    let words = &frame.words().enrol_name;
    let whose = match role {
        Role::Patient { .. } => words.patient,
        Role::Provider { .. } => words.provider,
        Role::Admin => words.admin,
    };
    let mut whose = frame.fill(whose, "site", &frame.site);
    if let Role::Provider { organization, .. } = role {
        whose = frame.fill(&whose, "organization", organization);
    }
    views::EnrolName {
        frame,
        csrf: secret.csrf(),
        notice: notice.map(str::to_owned),
        login: login.to_owned(),
        whose,
    }
}

/// The form for the sign-in name.
pub async fn get_name(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
    uri: Uri,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &visit.secret).await?;
    if progress.enrolment.account.is_some() {
        return Ok(see_other("/enrol/proof"));
    }
    let login = progress.enrolling.login.clone().unwrap_or_default();
    let taken = uri.query() == Some("taken");
    let notice = taken.then_some(frame.words().enrol_name.taken);
    let form = name_form(
        frame,
        &visit.secret,
        &progress.enrolment.role,
        &login,
        notice,
    );
    page(StatusCode::OK, &form)
}

/// A sign-in name.
pub async fn post_name(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: VisitForm,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &form.secret).await?;
    if progress.enrolment.account.is_some() {
        return Ok(see_other("/enrol/proof"));
    }
    let login = form.fields.get("login")?.trim().to_ascii_lowercase();
    let words = &frame.words().enrol_name;
    let notice = if !account::is_login(&login) {
        Some(words.malformed)
    } else if accounts::find_by_login(&app.db, &app.tenant, &login)
        .await?
        .is_some()
    {
        Some(words.taken)
    } else {
        None
    };
    if notice.is_some() {
        let again = name_form(
            frame,
            &form.secret,
            &progress.enrolment.role,
            &login,
            notice,
        );
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    }
    let enrolling = Enrolling {
        login: Some(login),
        password: None,
        ..progress.enrolling.clone()
    };
    progress.advance(&app, enrolling).await?;
    Ok(see_other("/enrol/proof"))
}

/// The choice between a passkey and a password.
pub async fn get_proof(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &visit.secret).await?;
    if progress.login().is_none() {
        return Ok(see_other(NAME));
    }
    let persona = progress.persona();
    let passkey = app.means.passkeys.as_ref().map(|_| PasskeyButton {
        ask: "create",
        options: "/enrol/passkey/options",
        finish: "/enrol/passkey".to_owned(),
        csrf: visit.secret.csrf(),
        words: &frame.words().script,
    });
    let template = views::EnrolProof {
        frame,
        again: progress.enrolment.account.is_some(),
        passkey,
        password: persona != Persona::Admin,
        app: persona == Persona::Provider,
    };
    page(StatusCode::OK, &template)
}

fn password_form(
    frame: Frame,
    secret: &Secret,
    login: &str,
    notice: Option<&str>,
) -> views::NewPassword {
    views::NewPassword {
        frame,
        action: "/enrol/password",
        csrf: secret.csrf(),
        notice: notice.map(str::to_owned),
        login: login.to_owned(),
        signs_out: false,
        back: "/enrol/proof",
    }
}

/// What is said of a password that is not taken.
fn fault(fault: Fault, words: &NewPassword) -> &'static str {
    match fault {
        Fault::TooShort => words.too_short,
        Fault::TooLong => words.too_long,
        Fault::Common => words.common,
    }
}

/// The password that a form chooses, or what is said of it.
///
/// # Errors
/// When a field is missing.
pub fn chosen_password(
    password: &str,
    repeat: &str,
    login: &str,
    words: &NewPassword,
) -> Result<Password, &'static str> {
    if password == repeat {
        Password::chosen(password, login).map_err(|it| fault(it, words))
    } else {
        Err(words.differs)
    }
}

/// The form for the password.
pub async fn get_password(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &visit.secret).await?;
    if progress.persona() == Persona::Admin {
        return Err(PageError::NotEnough);
    }
    match progress.login() {
        Some(login) => page(
            StatusCode::OK,
            &password_form(frame, &visit.secret, login, None),
        ),
        None => Ok(see_other(NAME)),
    }
}

/// A password: the end for patients, half of it for providers.
pub async fn post_password(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: VisitForm,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &form.secret).await?;
    if progress.persona() == Persona::Admin {
        return Err(PageError::NotEnough);
    }
    let Some(login) = progress.login() else {
        return Ok(see_other(NAME));
    };
    let (password, repeat) = (form.fields.get("password")?, form.fields.get("repeat")?);
    let words = &frame.words().new_password;
    let password = match chosen_password(password, repeat, login, words) {
        Ok(password) => password,
        Err(notice) => {
            let again = password_form(frame, &form.secret, login, Some(notice));
            return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
        }
    };
    let hash = app.means.passwords.hash(password, &app.random).await?;
    if progress.persona() == Persona::Provider {
        let enrolling = Enrolling {
            password: Some(hash),
            ..progress.enrolling.clone()
        };
        progress.advance(&app, enrolling).await?;
        return Ok(see_other("/enrol/app"));
    }
    let chosen = enrol::Chosen::Password { hash: &hash };
    let entered = progress
        .finish(&app, &form.shown, &form.secret, chosen)
        .await?;
    Ok(entered.map_or_else(|| see_other(NAME_TAKEN), |entered| entered.to_page(DONE)))
}

fn app_form(
    frame: Frame,
    secret: &Secret,
    login: &str,
    shared: &totp::Secret,
    notice: Option<&str>,
) -> Result<views::AuthenticatorApp, PageError> {
    Ok(views::AuthenticatorApp {
        action: "/enrol/app".to_owned(),
        csrf: secret.csrf(),
        notice: notice.map(str::to_owned),
        picture: shared
            .picture(&frame.site, login)
            .ok_or(PageError::Failed)?,
        key: shared.show(),
        back: "/enrol/password",
        frame,
    })
}

/// The secret for the app, the same for as long as this enrolment goes on.
async fn shared(app: &App, progress: &Progress) -> Result<totp::Secret, PageError> {
    let account = progress.enrolling.account;
    let provider = &*app.means.provider;
    if let Some(sealed) = &progress.enrolling.secret {
        return Ok(totp::Secret::open(provider, &app.tenant, account, sealed).await?);
    }
    let secret = totp::Secret::generate(&app.random);
    let sealed = secret.seal(provider, &app.tenant, account).await?;
    let enrolling = Enrolling {
        secret: Some(sealed),
        ..progress.enrolling.clone()
    };
    progress.advance(app, enrolling).await?;
    Ok(secret)
}

/// The form for the app.
pub async fn get_app(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &visit.secret).await?;
    let (Some(login), Some(_)) = (&progress.enrolling.login, &progress.enrolling.password) else {
        return Ok(see_other("/enrol/proof"));
    };
    let shared = shared(&app, &progress).await?;
    page(
        StatusCode::OK,
        &app_form(frame, &visit.secret, login, &shared, None)?,
    )
}

/// The first code of the app: the end for providers.
pub async fn post_app(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: VisitForm,
) -> Result<Response, PageError> {
    let now = app.now();
    let progress = Progress::of(&app, &form.secret).await?;
    let enrolling = &progress.enrolling;
    let (Some(login), Some(hash), Some(sealed)) =
        (&enrolling.login, &enrolling.password, &enrolling.secret)
    else {
        return Ok(see_other("/enrol/proof"));
    };
    let provider = &*app.means.provider;
    let shared = totp::Secret::open(provider, &app.tenant, enrolling.account, sealed).await?;
    if !ceremony::attempt(&app.db, &app.tenant, progress.id, now).await? {
        return Err(PageError::Over);
    }
    let Some(step) = shared.step_of(form.fields.get("code")?, now) else {
        let notice = Some(frame.words().app.wrong);
        let again = app_form(frame, &form.secret, login, &shared, notice)?;
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    };
    let chosen = enrol::Chosen::PasswordAndApp { hash, sealed, step };
    let entered = progress
        .finish(&app, &form.shown, &form.secret, chosen)
        .await?;
    Ok(entered.map_or_else(|| see_other(NAME_TAKEN), |entered| entered.to_page(DONE)))
}
