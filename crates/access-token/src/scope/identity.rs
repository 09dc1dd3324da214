//! Scopes about the sign-in itself (OpenID Connect, SMART App Launch): what an app learns of the person, and for how long
//! it may come back. They open no record.

use std::fmt;

/// A scope about the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityScope {
    /// `openid`: an ID token.
    OpenId,
    /// `fhirUser`: the person as a FHIR resource.
    FhirUser,
    /// `launch/patient`: the patient in context, told with the token.
    LaunchPatient,
    /// `online_access`: refresh while the person is signed in.
    OnlineAccess,
    /// `offline_access`: refresh also when the person has gone.
    OfflineAccess,
}

impl IdentityScope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OpenId,
        Self::FhirUser,
        Self::LaunchPatient,
        Self::OnlineAccess,
        Self::OfflineAccess,
    ];

    /// As it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::FhirUser => "fhirUser",
            Self::LaunchPatient => "launch/patient",
            Self::OnlineAccess => "online_access",
            Self::OfflineAccess => "offline_access",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for IdentityScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
