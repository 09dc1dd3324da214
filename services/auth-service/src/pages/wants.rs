//! What somebody came to sign in for: where they go afterwards, and how surely and freshly they have to prove who they are.

use std::borrow::Cow;

use access_token::Acr;
use axum::http::Uri;
use time::{Duration, OffsetDateTime};

use crate::session::Session;

/// A page of ours to come back to. Others are refused, so that nobody is led from our sign-in to a foreign site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

/// Longer paths are refused.
const MOST: usize = 8192;

/// Whether a path is one for a browser as well: nothing that it would take for another host.
fn is_plain(text: &str) -> bool {
    text.len() <= MOST && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

impl ReturnTo {
    /// A path of ours that begins as one of those people come from.
    pub fn parse(text: &str) -> Option<Self> {
        let known = text == "/account"
            || ["/oauth2/authorize?", "/account?", "/account/"]
                .iter()
                .any(|start| text.starts_with(start));
        let path = text.split(['?', '#']).next();
        let plain = is_plain(text) && !path.is_some_and(|path| path.contains(".."));
        (known && plain).then(|| Self(text.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it goes on from there to a client's own site. Browsers follow such redirects of a form to our own site only
    /// (`form-action`), so a page has to come between.
    pub fn leads_away(&self) -> bool {
        self.0.starts_with("/oauth2/")
    }
}

/// A page that can be asked for again, to have it in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Cow<'static, str>);

impl Place {
    /// Where somebody is who is signed out.
    pub const SIGNED_OUT: Self = Self(Cow::Borrowed("/oauth2/logout"));
    /// Where somebody goes who sent a form to where no page is.
    const ELSEWHERE: Self = Self(Cow::Borrowed("/account"));
    /// Every page that a browser gets by GET.
    const PAGES: [&str; 16] = [
        "/sign-in",
        "/sign-in/code",
        "/sign-in/continue",
        "/sign-in/second-step",
        "/sign-out",
        "/enrol",
        "/enrol/name",
        "/enrol/proof",
        "/enrol/password",
        "/enrol/app",
        "/account",
        "/account/password",
        "/account/app",
        "/account/passkey",
        "/account/apps",
        "/oauth2/logout",
    ];

    /// A path of ours, with its query.
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split('?').next()?;
        let known = Self::PAGES.contains(&path) || text.starts_with("/oauth2/authorize?");
        (known && is_plain(text) && !text.contains('#')).then(|| Self(text.to_owned().into()))
    }

    /// The place of what is asked for. A form comes from the page at its own address.
    pub fn of(uri: &Uri) -> Self {
        let here = uri.path_and_query().map(|path| path.as_str());
        here.and_then(Self::parse).unwrap_or(Self::ELSEWHERE)
    }

    /// The question whether an app may do what the request that waits under this asks for.
    pub fn of_waiting(waiting: &str) -> Self {
        Self(format!("/oauth2/authorize?continue={waiting}").into())
    }

    /// Where the same is said of a request that leads nowhere: what was sent is not repeated.
    pub fn of_no_request() -> Self {
        Self::of_waiting("")
    }

    /// The question whether to sign out, as an app asked it with these.
    pub fn of_logout(fields: &[(&str, String)]) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        let path = format!("/oauth2/logout?{}", query.finish());
        Self::parse(&path).unwrap_or(Self::ELSEWHERE)
    }

    /// The page without what was sent to it.
    #[must_use]
    pub fn bare(&self) -> Self {
        let path = self.0.split('?').next().unwrap_or_default();
        Self::parse(path).unwrap_or(Self::ELSEWHERE)
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The query of the sign-in pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Where to afterwards.
    pub return_to: Option<ReturnTo>,
    /// How surely at least.
    pub acr: Option<Acr>,
    /// How long ago at most.
    pub max_age: Option<Duration>,
}

/// The link is not one that we or a client of ours made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLink;

impl Wants {
    /// Reads a query.
    ///
    /// # Errors
    /// [`BadLink`].
    pub fn parse(query: &str) -> Result<Self, BadLink> {
        let mut wants = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let taken = match &*name {
                "return_to" => wants
                    .return_to
                    .replace(ReturnTo::parse(&value).ok_or(BadLink)?)
                    .is_some(),
                "acr" => wants
                    .acr
                    .replace(value.parse().map_err(|_| BadLink)?)
                    .is_some(),
                "max_age" => {
                    let seconds: u32 = value.parse().map_err(|_| BadLink)?;
                    wants
                        .max_age
                        .replace(Duration::seconds(seconds.into()))
                        .is_some()
                }
                _ => false,
            };
            if taken {
                return Err(BadLink);
            }
        }
        Ok(wants)
    }

    /// The query that says the same.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(return_to) = &self.return_to {
            query.append_pair("return_to", return_to.as_str());
        }
        if let Some(acr) = self.acr {
            query.append_pair("acr", acr.as_str());
        }
        if let Some(age) = self.max_age {
            query.append_pair("max_age", &age.whole_seconds().to_string());
        }
        query.finish()
    }

    /// The path with this query.
    pub fn at(&self, path: &str) -> String {
        match self.query() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// Whether this session is all that is wanted.
    pub fn are_met_by(&self, session: &Session, now: OffsetDateTime) -> bool {
        session.satisfies(self.acr.unwrap_or(Acr::Aal1), self.max_age, now)
    }

    /// Where to afterwards; a page between where the path leads away from us.
    pub fn next(&self) -> String {
        match &self.return_to {
            None => "/account".to_owned(),
            Some(path) if path.leads_away() => {
                let wants = Self {
                    return_to: self.return_to.clone(),
                    ..Self::default()
                };
                wants.at("/sign-in/continue")
            }
            Some(path) => path.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_back_to_our_own_pages_only() {
        for own in [
            "/account",
            "/account?done=app",
            "/account/password",
            "/oauth2/authorize?client_id=a%2Fb&x=1",
        ] {
            assert_eq!(ReturnTo::parse(own).unwrap().as_str(), own);
        }
        for foreign in [
            "",
            "/",
            "account",
            "//evil.example",
            "https://evil.example/account",
            "/\\evil.example",
            "/account.evil.example",
            "/accounts",
            "/oauth2/authorize",
            "/oauth2/token",
            "/account/../oauth2/token",
            "/account/\\..",
            "/account/\r\nset-cookie: a=b",
            "/account/ä",
            "javascript:alert(1)",
            &format!("/account?{}", "a".repeat(9000)),
        ] {
            assert!(ReturnTo::parse(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn a_page_in_another_language_is_one_of_ours() {
        for own in [
            "/sign-in?acr=aal2",
            "/enrol",
            "/oauth2/authorize?continue=x",
        ] {
            assert_eq!(Place::parse(own).unwrap().as_str(), own);
        }
        for foreign in [
            "",
            "/",
            "//evil.example",
            "//evil.example?/sign-in",
            "https://evil.example/sign-in",
            "/\\evil.example",
            "/sign-in/../..//evil.example",
            "/sign-in\r\nset-cookie: a=b",
            "/sign-in#x",
            "/oauth2/token",
            "/oauth2/authorize",
            &format!("/enrol?{}", "a".repeat(9000)),
        ] {
            assert!(Place::parse(foreign).is_none(), "{foreign}");
        }
        let wrong = Place::parse("/sign-in?return_to=//evil.example").unwrap();
        assert_eq!(wrong.bare().as_str(), "/sign-in");
        let form = "/account/sessions/end".parse().unwrap();
        assert_eq!(Place::of(&form).as_str(), "/account");
    }

    #[test]
    fn a_query_is_read_as_it_was_written() {
        let query = "return_to=%2Foauth2%2Fauthorize%3Fa%3D1%26b%3D2&acr=aal2&max_age=300";
        let wants = Wants::parse(query).unwrap();
        assert_eq!(
            wants.return_to,
            ReturnTo::parse("/oauth2/authorize?a=1&b=2")
        );
        assert_eq!(
            (wants.acr, wants.max_age),
            (Some(Acr::Aal2), Some(Duration::minutes(5)))
        );
        assert_eq!(wants.query(), query);
        for wrong in [
            "acr=aal3",
            "max_age=-1",
            "max_age=x",
            "return_to=%2F%2Fevil",
            "acr=aal1&acr=aal2",
        ] {
            assert_eq!(Wants::parse(wrong), Err(BadLink), "{wrong}");
        }
    }
}
