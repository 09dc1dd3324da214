//! Our own services: rendered environment, spawned binary, awaited readiness.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::folders::Folders;
use crate::layout::{Addresses, Layout};
use crate::ports;
use crate::probe::Probe;
use crate::process::Spec;
use crate::setup::Installed;
use crate::unit::Launch;

/// How long a service may take to become ready on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How an instance differs from what the layout says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Variables that replace or add to the layout's.
    pub env: BTreeMap<String, String>,
    /// Its API's port; any free one for an extra instance.
    pub port: Option<u16>,
    /// Its metrics' port; any free one for an extra instance.
    pub metrics_port: Option<u16>,
    /// Return as soon as it runs, ready or not.
    pub unready: bool,
}

impl Overrides {
    /// Replaces one variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// Does not wait for readiness.
    #[must_use]
    pub fn unready(mut self) -> Self {
        self.unready = true;
        self
    }

    /// Free ports where none are set, for an instance beside the layout's own.
    pub(crate) fn with_free_ports(mut self) -> Result<Self> {
        for port in [&mut self.port, &mut self.metrics_port] {
            if port.is_none() {
                *port = Some(ports::any_free().context("no free port")?);
            }
        }
        Ok(self)
    }
}

/// What every service is started from.
pub(crate) struct Workshop<'a> {
    pub layout: &'a Layout,
    pub folders: &'a Folders,
    pub installed: &'a Installed,
    pub addresses: &'a Addresses,
}

impl Workshop<'_> {
    /// How `service` is launched as `instance`, and its address.
    pub(crate) fn launch(
        &self,
        service: &str,
        instance: &str,
        overrides: &Overrides,
    ) -> Result<(Launch, String)> {
        let mut env = self
            .layout
            .render_instance(service, instance, self.addresses)?;
        let at = |port: u16| format!("{}:{port}", self.addresses.bind);
        if let Some(port) = overrides.port {
            env.insert("LISTEN".into(), at(port));
        }
        if let Some(port) = overrides.metrics_port {
            env.insert("METRICS_LISTEN".into(), at(port));
        }
        env.extend(overrides.env.clone());
        let address = env
            .get("LISTEN")
            .context("a service has no LISTEN")?
            .clone();
        let folder = self.folders.state().join(instance);
        fs::create_dir_all(&folder)?;
        let program = self
            .installed
            .services
            .get(service)
            .with_context(|| format!("{service} was not compiled"))?;
        let mut spec = Spec::new(instance, program, &folder, &self.folders.logs());
        spec.env = env
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        let probe = Probe::Http(format!("http://{address}/health/ready"));
        Ok((
            Launch {
                spec,
                probe,
                deadline: DEADLINE,
            },
            address,
        ))
    }
}
