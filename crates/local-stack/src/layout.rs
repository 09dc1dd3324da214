//! `infra/stack.toml`: names, ports, versions and variables of the whole system.
//!
//! Reading and rendering are pure, so that a test can render the same file for containers and compare.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

mod clients;

pub use clients::{App, Client, Portal, Terminal};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The custodian every service works for.
    pub tenant: String,
    /// The service that signs people in: reached by name, so that browsers can bind passkeys to it.
    pub issuer: String,
    /// Names of placeholders that whoever renders has to fill in.
    pub values: BTreeSet<String>,
    /// What we start but did not write.
    pub components: BTreeMap<String, Component>,
    /// The development chain.
    pub chain: Chain,
    /// Databases.
    pub postgres: Postgres,
    /// The audit bucket.
    pub s3: Bucket,
    /// Topic → number of partitions.
    pub topics: BTreeMap<String, i32>,
    /// What we wrote and start; the apps' servers are added when the file is read.
    pub services: BTreeMap<String, Service>,
    /// OAuth clients.
    pub clients: Vec<Client>,
    /// How each app is served.
    pub portal: Portal,
    /// Apps that people sign in to.
    pub apps: Vec<App>,
    /// What people sign in to from a terminal.
    pub terminals: Vec<Terminal>,
}

/// A component: a program of others that the system needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Component {
    /// Where it is reached.
    pub port: u16,
    /// Path of its API, when it has one.
    #[serde(default)]
    pub path: String,
    /// Which version runs natively.
    pub version: String,
    /// Version of the replacement, where there is one.
    pub fallback_version: Option<String>,
    /// Which image runs in compose.
    pub image: String,
    /// Path of the image's API, when it differs.
    pub image_path: Option<String>,
    /// Ports that only the component itself uses.
    #[serde(default)]
    pub internal_ports: BTreeMap<String, u16>,
}

/// Facts of the chain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// EIP-155 chain id.
    pub id: u64,
}

/// Facts of the database server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Databases; each is owned by a role of the same name.
    pub databases: Vec<String>,
}

/// Facts of the object store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Name of the audit bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
}

/// One of our services.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// Its API.
    pub port: u16,
    /// Its metrics.
    pub metrics_port: u16,
    /// Components and services it cannot be ready without.
    pub needs: Vec<String>,
    /// Its environment, with placeholders.
    pub env: BTreeMap<String, String>,
    /// Its program, where that has another name.
    pub program: Option<String>,
}

/// This machine, for those who need a name. It may mean ::1 first; whoever connects tries 127.0.0.1 then.
pub const LOCALHOST: &str = "localhost";

/// What placeholders are replaced with.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// Component or service → `host:port`.
    pub hosts: BTreeMap<String, String>,
    /// The address services bind, without port: `127.0.0.1`, or `0.0.0.0` in containers.
    pub bind: String,
    /// The other placeholders, see [`Layout::values`].
    pub values: BTreeMap<String, String>,
    /// Added to every port that a service binds.
    pub port_offset: u16,
}

/// Why the file, or a rendering of it, is not usable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LayoutError {
    /// Cannot be read, or is not TOML of this shape.
    #[error("infra/stack.toml: {0}")]
    Unreadable(String),
    /// Contradicts itself.
    #[error("infra/stack.toml: {0}")]
    Contradiction(String),
    /// A service or component that is not in the file.
    #[error("`{0}` is not in infra/stack.toml")]
    Unknown(String),
    /// A placeholder nobody filled in.
    #[error("nothing to put in place of {{{placeholder}}} in `{template}`")]
    Unfilled {
        /// Its name.
        placeholder: String,
        /// Where it stands.
        template: String,
    },
    /// A port beyond 65535.
    #[error("port {0} cannot be shifted that far")]
    PortRange(u16),
}

impl Layout {
    /// Reads `infra/stack.toml` of a checkout.
    ///
    /// # Errors
    /// When it is missing, malformed, or contradicts itself.
    pub fn load(checkout: &Path) -> Result<Self, LayoutError> {
        let text = std::fs::read_to_string(checkout.join("infra/stack.toml"))
            .map_err(|error| LayoutError::Unreadable(error.to_string()))?;
        Self::parse(&text)
    }

    /// Parses the file's text.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let mut layout: Self =
            toml::from_str(text).map_err(|error| LayoutError::Unreadable(error.to_string()))?;
        layout.serve_apps()?;
        layout.check()?;
        Ok(layout)
    }

    /// Adds a service for each app.
    fn serve_apps(&mut self) -> Result<(), LayoutError> {
        for app in &self.apps {
            let service = self.portal.serves(app);
            if self.services.insert(app.id.clone(), service).is_some() {
                let text = format!("{} is a service and an app, or an app twice", app.id);
                return Err(LayoutError::Contradiction(text));
            }
        }
        Ok(())
    }

    /// A service by name.
    ///
    /// # Errors
    /// When there is none.
    pub fn service(&self, name: &str) -> Result<&Service, LayoutError> {
        self.services
            .get(name)
            .ok_or_else(|| LayoutError::Unknown(name.into()))
    }

    /// A component by name.
    ///
    /// # Errors
    /// When there is none.
    pub fn component(&self, name: &str) -> Result<&Component, LayoutError> {
        self.components
            .get(name)
            .ok_or_else(|| LayoutError::Unknown(name.into()))
    }

    /// A service's whole environment, rendered for these addresses.
    ///
    /// # Errors
    /// When the service is unknown or a placeholder has no value.
    pub fn render_env(
        &self,
        service: &str,
        addresses: &Addresses,
    ) -> Result<BTreeMap<String, String>, LayoutError> {
        self.render_instance(service, service, addresses)
    }

    /// Like [`Self::render_env`], for an instance with a name of its own.
    ///
    /// # Errors
    /// As [`Self::render_env`].
    pub fn render_instance(
        &self,
        service: &str,
        instance: &str,
        addresses: &Addresses,
    ) -> Result<BTreeMap<String, String>, LayoutError> {
        let part = self.service(service)?;
        let listen = |port| {
            Ok(format!(
                "{}:{}",
                addresses.bind,
                shifted(port, addresses.port_offset)?
            ))
        };
        let mut local = BTreeMap::from([
            ("listen", listen(part.port)?),
            ("metrics-listen", listen(part.metrics_port)?),
            ("instance", instance.to_owned()),
            (
                "origin",
                format!("{LOCALHOST}:{}", shifted(part.port, addresses.port_offset)?),
            ),
        ]);
        local.extend(self.constants());
        part.env
            .iter()
            .map(|(name, template)| {
                let lookup = |placeholder: &str| {
                    local
                        .get(placeholder)
                        .or_else(|| addresses.hosts.get(placeholder))
                        .or_else(|| addresses.values.get(placeholder))
                        .cloned()
                };
                Ok((name.clone(), render(template, lookup)?))
            })
            .collect()
    }

    /// Every port the file names, with the part that uses it, shifted by `offset`.
    ///
    /// # Errors
    /// When a port would leave the range.
    pub fn ports(&self, offset: u16) -> Result<Vec<(String, u16)>, LayoutError> {
        let mut ports = Vec::new();
        for (name, component) in &self.components {
            ports.push((name.clone(), component.port));
            for (role, port) in &component.internal_ports {
                ports.push((format!("{name} ({role})"), *port));
            }
        }
        for (name, service) in &self.services {
            ports.push((name.clone(), service.port));
            ports.push((format!("{name} (metrics)"), service.metrics_port));
        }
        ports
            .into_iter()
            .map(|(name, port)| Ok((name, shifted(port, offset)?)))
            .collect()
    }

    /// Addresses when everything runs on this machine, with all ports shifted by `offset`.
    ///
    /// # Errors
    /// When a port would leave the range.
    pub fn native_addresses(&self, offset: u16) -> Result<Addresses, LayoutError> {
        let ports = self.components.iter().map(|(name, part)| (name, part.port));
        let ports = ports.chain(self.services.iter().map(|(name, part)| (name, part.port)));
        let mut hosts = ports
            .map(|(name, port)| {
                let host = if *name == self.issuer {
                    LOCALHOST
                } else {
                    "127.0.0.1"
                };
                Ok((name.clone(), format!("{host}:{}", shifted(port, offset)?)))
            })
            .collect::<Result<BTreeMap<_, _>, LayoutError>>()?;
        hosts.insert("issuer".into(), self.issuer_host(offset)?);
        Ok(Addresses {
            hosts,
            bind: "127.0.0.1".into(),
            values: BTreeMap::new(),
            port_offset: offset,
        })
    }

    /// Where people's browsers reach the issuer, wherever it runs: its port is published on this machine.
    ///
    /// # Errors
    /// When there is no such service, or its port would leave the range.
    pub fn issuer_host(&self, offset: u16) -> Result<String, LayoutError> {
        let port = self.service(&self.issuer)?.port;
        Ok(format!("{LOCALHOST}:{}", shifted(port, offset)?))
    }

    fn constants(&self) -> [(&'static str, String); 4] {
        [
            ("tenant", self.tenant.clone()),
            ("chain-id", self.chain.id.to_string()),
            ("bucket", self.s3.bucket.clone()),
            ("region", self.s3.region.clone()),
        ]
    }

    fn check(&self) -> Result<(), LayoutError> {
        let contradiction = |text: String| Err(LayoutError::Contradiction(text));
        let mut users: BTreeMap<u16, String> = BTreeMap::new();
        for (name, port) in self.ports(0)? {
            if let Some(other) = users.insert(port, name.clone()) {
                return contradiction(format!("port {port} is given to {other} and to {name}"));
            }
        }
        for (name, service) in &self.services {
            for need in &service.needs {
                if !self.components.contains_key(need) && !self.services.contains_key(need) {
                    return contradiction(format!(
                        "{name} needs `{need}`, which is not in the file"
                    ));
                }
            }
        }
        let clients = self.clients.iter().map(|one| (&one.id, &one.audiences));
        let apps = self.apps.iter().map(|one| (&one.id, &one.audiences));
        let terminals = self.terminals.iter().map(|one| (&one.id, &one.audiences));
        let mut ids = BTreeSet::new();
        for (id, audiences) in clients.chain(apps).chain(terminals) {
            if !ids.insert(id) {
                return contradiction(format!("client {id} is there twice"));
            }
            let foreign = |audience: &&String| !self.services.contains_key(*audience);
            if let Some(audience) = audiences.iter().find(foreign) {
                return contradiction(format!(
                    "client {id} names `{audience}`, which is no service"
                ));
            }
        }
        self.start_order()?;
        let everything = Addresses {
            values: self
                .values
                .iter()
                .map(|name| (name.clone(), String::new()))
                .collect(),
            ..self.native_addresses(0)?
        };
        for name in self.services.keys() {
            self.render_env(name, &everything)?;
        }
        Ok(())
    }

    /// The services, each after those it needs.
    ///
    /// # Errors
    /// When they need one another in a circle.
    pub fn start_order(&self) -> Result<Vec<String>, LayoutError> {
        let mut order: Vec<String> = Vec::new();
        while order.len() < self.services.len() {
            let next = self.services.iter().find(|(name, service)| {
                !order.contains(name)
                    && service
                        .needs
                        .iter()
                        .all(|need| !self.services.contains_key(need) || order.contains(need))
            });
            match next {
                Some((name, _)) => order.push(name.clone()),
                None => {
                    return Err(LayoutError::Contradiction(
                        "services need one another in a circle".into(),
                    ));
                }
            }
        }
        Ok(order)
    }
}

/// `port + offset`, if that is a port.
///
/// # Errors
/// When it is not.
pub fn shifted(port: u16, offset: u16) -> Result<u16, LayoutError> {
    port.checked_add(offset).ok_or(LayoutError::PortRange(port))
}

/// Replaces every `{name}`.
fn render(template: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, LayoutError> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, behind) = after.split_once('}').ok_or_else(|| {
            LayoutError::Contradiction(format!(
                "`{template}` has an opening brace without a closing one"
            ))
        })?;
        out.push_str(before);
        out.push_str(&lookup(placeholder).ok_or_else(|| LayoutError::Unfilled {
            placeholder: placeholder.into(),
            template: template.into(),
        })?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests;
