//! The real components, each started natively and alone.

pub mod chain;
pub mod fhir;
pub mod kafka;
pub mod postgres;
pub mod s3;

use std::time::Duration;

use anyhow::Result;

use crate::folders::Folders;
use crate::layout::{Layout, LayoutError, shifted};
use crate::secrets::Secrets;
use crate::setup::Installed;

/// How long any one component may take to become ready on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(180);

/// What a component is started with.
pub struct Site<'a> {
    /// Folders.
    pub folders: &'a Folders,
    /// Names and ports.
    pub layout: &'a Layout,
    /// Programs.
    pub installed: &'a Installed,
    /// Generated passwords and keys.
    pub secrets: &'a Secrets,
    /// Added to every port.
    pub port_offset: u16,
}

impl Site<'_> {
    /// A component's port on this machine.
    ///
    /// # Errors
    /// When the layout has no such component.
    pub fn port(&self, component: &str) -> Result<u16, LayoutError> {
        shifted(self.layout.component(component)?.port, self.port_offset)
    }

    /// A port that only the component itself uses.
    ///
    /// # Errors
    /// When the layout has no such port.
    pub fn internal_port(&self, component: &str, role: &str) -> Result<u16, LayoutError> {
        let ports = &self.layout.component(component)?.internal_ports;
        let port = ports
            .get(role)
            .ok_or_else(|| LayoutError::Unknown(format!("{component} ({role})")))?;
        shifted(*port, self.port_offset)
    }

    /// `127.0.0.1:port`.
    ///
    /// # Errors
    /// When the layout has no such component.
    pub fn address(&self, component: &str) -> Result<String, LayoutError> {
        Ok(format!("127.0.0.1:{}", self.port(component)?))
    }
}
