//! `/sign-in`: name and password, the code of an authenticator app, and the way back.

use std::sync::Arc;

use access_token::{Acr, Amr};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use crate::account::password::{self, Password};
use crate::account::{Account, factors, store as accounts, totp};
use crate::events::{self, Event, Kind};
use crate::limit::backoff::{self, Counter};
use crate::pages::browser::{FRESH, Member, Visit, VisitForm};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views::{self, PasskeyButton};
use crate::pages::wants::Wants;
use crate::pages::{page, see_other, with_cookie};
use crate::session::ceremony::{self, Ceremony, Step};
use crate::session::cookie::Secret;
use crate::session::{Proven, Session, device, sign_in};
use crate::{App, random_id};

/// How [`Step::PasswordProven`] is called in the database.
const PASSWORD_PROVEN: &str = "password-proven";

/// The form; or on, if whoever comes is signed in as they have to be.
pub async fn get(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    if let Some(session) = &visit.session {
        let now = app.now();
        if visit.wants.are_met_by(session, now) {
            return Ok(see_other(&visit.wants.next()));
        }
        // Signing in once more would not help those who have nothing stronger.
        let fresh = session.satisfies(Acr::Aal1, visit.wants.max_age.or(Some(FRESH)), now);
        if fresh && lacks_second_step(&app, &visit.wants, session.account.id).await? {
            return Ok(see_other(&visit.wants.at("/sign-in/second-step")));
        }
    }
    let form = form(
        &app,
        frame,
        &visit.secret,
        &visit.wants,
        visit.session.as_ref(),
    );
    let response = page(StatusCode::OK, &form)?;
    Ok(if visit.is_new {
        with_cookie(response, visit.secret.set_visit())
    } else {
        response
    })
}

fn form(
    app: &App,
    frame: Frame,
    secret: &Secret,
    wants: &Wants,
    session: Option<&Session>,
) -> views::SignIn {
    let passkey = app.means.passkeys.as_ref().map(|_| PasskeyButton {
        ask: "get",
        options: "/sign-in/passkey/options",
        finish: wants.at("/sign-in/passkey"),
        csrf: secret.csrf(),
        words: &frame.words().script,
    });
    views::SignIn {
        frame,
        action: wants.at("/sign-in"),
        csrf: secret.csrf(),
        notice: None,
        login: session
            .map(|session| session.account.login.clone())
            .unwrap_or_default(),
        again: session.is_some(),
        two_steps: wants.acr == Some(Acr::Aal2),
        passkey,
    }
}

/// Whether two factors are wanted of an account that has one.
async fn lacks_second_step(app: &App, wants: &Wants, account: Uuid) -> Result<bool, PageError> {
    let factors = factors::of(&app.db, &app.tenant, account).await?;
    Ok(wants.acr.is_some_and(|acr| acr > factors.strongest()))
}

/// Where to go once somebody is in: to where they came from, or to be told that they need a second step for that.
pub async fn next(
    app: &App,
    wants: &Wants,
    account: Uuid,
    proven: Acr,
) -> Result<String, PageError> {
    if wants.acr.is_some_and(|acr| acr > proven) && lacks_second_step(app, wants, account).await? {
        Ok(wants.at("/sign-in/second-step"))
    } else {
        Ok(wants.next())
    }
}

/// A name and a password. Whether it is the name or the password that is wrong is not told, and takes the same time.
pub async fn post(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: VisitForm,
) -> Result<Response, PageError> {
    let login = form.fields.get("login")?.trim().to_ascii_lowercase();
    let typed = form.fields.get("password")?;
    let account = accounts::find_by_login(&app.db, &app.tenant, &login).await?;
    let known = account.as_ref().map(|account| account.id);
    // The same questions are asked for a name that nobody has.
    let asked = known.unwrap_or_default();
    let counters = match &form.shown.device {
        Some(device) if device::is_known(&app.db, &app.tenant, asked, device).await? => {
            Counter::of_device(&login, device)
        }
        _ => Counter::of_stranger(&login, form.network),
    };
    backoff::attempt(&app.db, &app.tenant, &counters, app.now()).await?;
    let hash = password::find(&app.db, &app.tenant, asked).await?;
    let right = match Password::typed(typed) {
        Some(password) => app.means.passwords.verify(password, hash).await?,
        None => false,
    };
    match account.filter(|account| right && !account.disabled) {
        Some(account) => password_proven(&app, form, account, &counters).await,
        None => {
            failed(&app, known, Amr::Pwd).await?;
            let session = form.shown.session.as_ref();
            let notice = frame.words().sign_in.wrong.to_owned();
            let mut again = self::form(&app, frame, &form.secret, &form.wants, session);
            again.notice = Some(notice);
            again.login = login;
            page(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
    }
}

async fn password_proven(
    app: &App,
    form: VisitForm,
    account: Account,
    counters: &[Counter],
) -> Result<Response, PageError> {
    let factors = factors::of(&app.db, &app.tenant, account.id).await?;
    let mut transaction = app.db.begin().await?;
    backoff::forgive(&mut transaction, &app.tenant, counters).await?;
    if factors.app {
        // Another secret: whoever knew the one of before is not at this step.
        let secret = Secret::generate(&app.random);
        let step = Ceremony {
            id: random_id(&app.random),
            account: Some(account.id),
            step: Step::PasswordProven,
        };
        ceremony::begin(&mut *transaction, &app.tenant, &secret, &step, app.now()).await?;
        transaction.commit().await?;
        let response = see_other(&form.wants.at("/sign-in/code"));
        return Ok(with_cookie(response, secret.set_visit()));
    }
    let proven = Proven {
        amr: vec![Amr::Pwd],
    };
    let acr = proven.acr();
    let entered = sign_in::complete(app, &mut transaction, &form.shown, account.id, proven).await?;
    transaction.commit().await?;
    Ok(entered.to_page(&next(app, &form.wants, account.id, acr).await?))
}

/// Tells of a failed proof, of a name that nobody has as well: it takes the same time, and whoever watches sees both.
pub async fn failed(app: &App, account: Option<Uuid>, by: Amr) -> Result<(), PageError> {
    metrics::counter!("sign_ins_total", "persona" => "unknown", "outcome" => "failed").increment(1);
    let key = account.map_or("unknown".to_owned(), |id| id.to_string());
    let event = Event::new(&app.random, &app.tenant, Kind::SignInFailed, key, app.now());
    let mut connection = app.db.acquire().await?;
    events::emit(&mut connection, &event.with("amr", by.as_str())).await?;
    Ok(())
}

fn code_form(frame: Frame, secret: &Secret, wants: &Wants, notice: Option<&str>) -> views::Code {
    views::Code {
        frame,
        action: wants.at("/sign-in/code"),
        csrf: secret.csrf(),
        notice: notice.map(str::to_owned),
        start: wants.at("/sign-in"),
    }
}

async fn step(app: &App, secret: &Secret) -> Result<(Uuid, Uuid), PageError> {
    let found = ceremony::find(&app.db, &app.tenant, secret, PASSWORD_PROVEN, app.now()).await?;
    match found {
        Some(Ceremony {
            id,
            account: Some(account),
            ..
        }) => Ok((id, account)),
        _ => Err(PageError::Over),
    }
}

/// The form for the code.
pub async fn get_code(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    step(&app, &visit.secret).await?;
    page(
        StatusCode::OK,
        &code_form(frame, &visit.secret, &visit.wants, None),
    )
}

/// A code. It is taken once, by whoever proved the password just before.
pub async fn post_code(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: VisitForm,
) -> Result<Response, PageError> {
    let now = app.now();
    let typed = form.fields.get("code")?;
    let (id, account) = step(&app, &form.secret).await?;
    if !ceremony::attempt(&app.db, &app.tenant, id, now).await? {
        return Err(PageError::Over);
    }
    let counters = Counter::of_app(account);
    backoff::attempt(&app.db, &app.tenant, &counters, now).await?;
    let sealed = totp::find(&app.db, &app.tenant, account).await?;
    let secret = match sealed {
        Some(sealed) => {
            let provider = &*app.means.provider;
            Some(totp::Secret::open(provider, &app.tenant, account, &sealed).await?)
        }
        None => None,
    };
    let step = secret.and_then(|secret| secret.step_of(typed, now));
    let mut transaction = app.db.begin().await?;
    let right = match step {
        Some(step) => totp::use_step(&mut transaction, &app.tenant, account, step).await?,
        None => false,
    };
    if !right {
        drop(transaction);
        failed(&app, Some(account), Amr::Otp).await?;
        let notice = Some(frame.words().code.wrong);
        let again = code_form(frame, &form.secret, &form.wants, notice);
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    }
    let taken = ceremony::take(&mut transaction, &app.tenant, &form.secret, id, now).await?;
    if taken.is_none() {
        return Err(PageError::Over);
    }
    backoff::forgive(&mut transaction, &app.tenant, &counters).await?;
    let proven = Proven {
        amr: vec![Amr::Pwd, Amr::Otp],
    };
    let acr = proven.acr();
    let entered = sign_in::complete(&app, &mut transaction, &form.shown, account, proven).await?;
    transaction.commit().await?;
    Ok(entered.to_page(&next(&app, &form.wants, account, acr).await?))
}

/// Between our form and a client's own site.
pub async fn go_on(visit: Visit, frame: Frame) -> Result<Response, PageError> {
    let to = visit.wants.return_to.ok_or(PageError::BadLink)?;
    page(StatusCode::OK, &views::Message::go_on(frame, to.as_str()))
}

/// Two factors are wanted of somebody who has one.
pub async fn second_step(
    State(app): State<Arc<App>>,
    member: Member,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    let factors = factors::of(&app.db, &app.tenant, member.session.account.id).await?;
    let back = Wants {
        return_to: visit.wants.return_to,
        ..Wants::default()
    };
    let template = views::SecondStep {
        frame,
        passkey: app
            .means
            .passkeys
            .as_ref()
            .map(|_| back.at("/account/passkey")),
        app: factors.password.then(|| back.at("/account/app")),
    };
    page(StatusCode::OK, &template)
}
