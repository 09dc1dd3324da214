//! Which applications there are.

use std::fmt;
use std::str::FromStr;

/// An application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// Where patients decide.
    PatientPortal,
    /// Where clinicians ask and read.
    ClinicConsole,
    /// Where administrators verify.
    AdminConsole,
}

impl Application {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PatientPortal, Self::ClinicConsole, Self::AdminConsole];

    /// Its name, as in the folder it is built in.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PatientPortal => "patient-portal",
            Self::ClinicConsole => "clinic-console",
            Self::AdminConsole => "admin-console",
        }
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Application {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|application| application.as_str() == text)
            .ok_or("expected patient-portal, clinic-console or admin-console")
    }
}
