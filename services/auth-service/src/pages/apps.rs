//! The pages about apps: whether one may act for a person, which ones may, and signing out of them.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use url::Url;

use super::POLICY;
use super::frame::Frame;
use super::rights::Right;
use super::text;
use crate::directory::proxies::Kind;
use crate::grant::consents::ForPatient;

/// Whether an app may act for the person.
#[derive(Template)]
#[template(path = "ask.html")]
pub struct Ask {
    /// Around it.
    pub frame: Frame,
    /// For the form.
    pub csrf: String,
    /// The request that waits for the answer.
    pub waiting: String,
    /// What the app is called.
    pub app: String,
    /// Where the person goes afterwards.
    pub host: String,
    /// What the app would get.
    pub rights: Vec<Right>,
    /// For whom the person acts, where that is not themselves.
    pub for_patient: Option<ForPatient>,
}

impl Ask {
    fn text(&self) -> &'static text::Ask {
        &self.frame.words().ask
    }

    fn title(&self) -> String {
        let text = match &self.for_patient {
            Some(patient) => patient.fill(&self.frame, self.text().title_for_patient),
            None => self.text().title.to_owned(),
        };
        self.frame.fill(&text, "app", &self.app)
    }

    fn is_for(&self) -> Option<String> {
        let text = self.text();
        let patient = self.for_patient.as_ref()?;
        let sentence = match patient.kind {
            Kind::Parent => text.by_parent,
            Kind::Attorney => text.by_attorney,
        };
        Some(patient.fill(&self.frame, sentence))
    }

    fn not_a_consent(&self) -> &'static str {
        match self.for_patient {
            Some(_) => self.text().not_a_consent_for_patient,
            None => self.text().not_a_consent,
        }
    }
}

impl ForPatient {
    fn fill(&self, frame: &Frame, text: &str) -> String {
        frame.fill(text, "patient", &self.fhir_id)
    }
}

/// An app that may act for the person.
pub struct ListedApp {
    /// Its id.
    pub client_id: String,
    /// What it is called.
    pub name: String,
    /// Since when.
    pub date: String,
    /// What it may do.
    pub rights: Vec<Right>,
    /// For whom the person acts, where that is not themselves.
    pub for_patient: Option<ForPatient>,
}

/// Which apps may act for the person.
#[derive(Template)]
#[template(path = "apps.html")]
pub struct Apps {
    /// Around it.
    pub frame: Frame,
    /// For the forms.
    pub csrf: String,
    /// The apps.
    pub apps: Vec<ListedApp>,
}

impl Apps {
    fn text(&self) -> &'static text::Apps {
        &self.frame.words().apps
    }

    fn is_for(&self, app: &ListedApp) -> Option<String> {
        let text = self.text();
        let patient = app.for_patient.as_ref()?;
        let sentence = match patient.kind {
            Kind::Parent => text.for_parent,
            Kind::Attorney => text.for_attorney,
        };
        Some(patient.fill(&self.frame, sentence))
    }
}

/// Whether the person wants to sign out, as an app asks.
#[derive(Template)]
#[template(path = "app_sign_out.html")]
pub struct AppSignOut {
    /// Around it.
    pub frame: Frame,
    /// For the form.
    pub csrf: String,
    /// Who is signed in.
    pub login: String,
    /// The app's request, to be repeated.
    pub fields: Vec<(&'static str, String)>,
}

impl AppSignOut {
    fn text(&self) -> &'static text::SignOut {
        &self.frame.words().sign_out
    }
}

/// Lets the page's form lead to this address: browsers apply `form-action` to the redirects after a form as well.
#[must_use]
pub fn leading_to(mut response: Response, address: &str) -> Response {
    let policy = source(address).and_then(|source| {
        let wider = format!("form-action 'self' {source};");
        HeaderValue::try_from(POLICY.replace("form-action 'self';", &wider)).ok()
    });
    if let Some(policy) = policy {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// An address as a source of a policy.
fn source(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let source = match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    };
    let sane = source
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b";,'\"".contains(&b));
    sane.then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    fn policy(address: &str) -> Option<String> {
        let response = leading_to(().into_response(), address);
        let policy = response.headers().get(header::CONTENT_SECURITY_POLICY)?;
        Some(policy.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_form_may_lead_to_the_app_and_nowhere_else() {
        for (address, source) in [
            ("https://app.example/cb?x=1", "https://app.example"),
            ("http://127.0.0.1:7000/cb", "http://127.0.0.1:7000"),
            ("org.example.app:/cb", "org.example.app:"),
        ] {
            let policy = policy(address).unwrap();
            assert!(
                policy.contains(&format!("form-action 'self' {source}; frame")),
                "{policy}"
            );
        }
        assert_eq!(policy("nonsense"), None);
    }
}
