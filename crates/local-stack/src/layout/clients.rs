//! Who signs in, and what serves the apps among them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LOCALHOST, LayoutError, Service, shifted};

/// The service that serves an app; there is one for each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// Its program.
    pub program: String,
    /// Components and services it cannot be ready without.
    pub needs: Vec<String>,
    /// Its environment, with placeholders, those of an app among them.
    pub env: BTreeMap<String, String>,
}

/// An OAuth client of the development stack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Client id.
    pub id: String,
    /// `provider`, `admin` or `system`.
    pub persona: String,
    /// Organisation, for providers.
    pub organization: Option<String>,
    /// The organisation's name for people.
    pub name: Option<String>,
    /// One of our own services; not shown in the endpoints file.
    #[serde(default)]
    pub internal: bool,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
    /// Services it may talk to, by name.
    pub audiences: Vec<String>,
}

/// An app of the custodian's that people sign in to: a public OAuth client.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct App {
    /// Client id.
    pub id: String,
    /// Where it is served on this machine.
    pub port: u16,
    /// Where its server's metrics are.
    pub metrics_port: u16,
    /// Seconds without a call after which a session of it ends.
    pub idle: u32,
    /// Seconds after which a session of it ends whatever happens.
    pub longest: u32,
    /// Whose it is: `patient`, `provider` or `admin`.
    pub persona: String,
    /// Its name for people.
    pub name: String,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
    /// Services it may talk to, by name.
    pub audiences: Vec<String>,
}

/// A program of the custodian's that people sign in to from a terminal: a public OAuth client, served nowhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// Client id.
    pub id: String,
    /// Whose it is: `patient`, `provider` or `admin`.
    pub persona: String,
    /// Its name for people.
    pub name: String,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
    /// Services it may talk to, by name.
    pub audiences: Vec<String>,
}

impl Portal {
    /// The service for one app.
    pub(super) fn serves(&self, app: &App) -> Service {
        let own = [
            ("{id}", app.id.clone()),
            ("{scopes}", app.scopes.join(" ")),
            ("{idle}", app.idle.to_string()),
            ("{longest}", app.longest.to_string()),
        ];
        let fill = |template: &String| {
            own.iter().fold(template.clone(), |text, (name, value)| {
                text.replace(name, value)
            })
        };
        let env = self.env.iter();
        Service {
            port: app.port,
            metrics_port: app.metrics_port,
            needs: self.needs.clone(),
            env: env
                .map(|(name, template)| (name.clone(), fill(template)))
                .collect(),
            program: Some(self.program.clone()),
        }
    }
}

impl App {
    /// Where it is served, with all ports shifted by `offset`.
    ///
    /// # Errors
    /// When the port would leave the range.
    pub fn url(&self, offset: u16) -> Result<String, LayoutError> {
        Ok(format!(
            "http://{LOCALHOST}:{}",
            shifted(self.port, offset)?
        ))
    }
}
