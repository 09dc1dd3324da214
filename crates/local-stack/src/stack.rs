//! The whole system, started in the order of its needs and ended together.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::FutureExt;

use crate::endpoints::Endpoints;
use crate::error::Error;
use crate::folders::{Folders, Lock};
use crate::layout::{Addresses, Layout};
use crate::options::{Fhir, Options};
use crate::ports;
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::service::{Overrides, Workshop};
use crate::setup::{self, Installed};
use crate::start::{Start, start_service};
use crate::unit::Unit;

/// A dying stack's ports come free within this time.
const PORT_PATIENCE: Duration = Duration::from_secs(3);

/// A running system. Dropping it ends everything it has started.
pub struct Stack {
    layout: Layout,
    folders: Folders,
    installed: Installed,
    addresses: Addresses,
    endpoints: Endpoints,
    units: Mutex<BTreeMap<String, Unit>>,
    _lock: Lock,
}

impl Stack {
    /// Sets up what is missing, starts every component and service, and seeds them. State of an
    /// earlier stack in the same data folder is gone afterwards.
    ///
    /// # Errors
    /// With [`Error::exit_code`] 2 when something on the machine has to change first. Nothing keeps
    /// running after an error.
    pub async fn start(options: Options, progress: &Progress) -> Result<Self, Error> {
        let layout = Layout::load(&options.checkout).map_err(anyhow::Error::from)?;
        let folders = options.folders();
        let lock = Lock::take(&folders.data)?;
        free_ports(&layout, &options).await?;
        let installed = setup::run(&folders, &layout, &options.setup(), progress).await?;
        let secrets = Secrets::load_or_generate(&folders.secrets(), &layout)?;
        clear(&folders)?;
        let begin = progress.step("start");
        let start = Start {
            options: &options,
            layout: &layout,
            folders: &folders,
            installed: &installed,
            secrets: &secrets,
            progress,
        };
        let (units, addresses, endpoints) = start.run().await?;
        endpoints.write(&folders.endpoints())?;
        begin.done(&format!(
            "everything is ready; logs are in {}",
            folders.logs().display()
        ));
        Ok(Self {
            layout,
            folders,
            installed,
            addresses,
            endpoints,
            units: Mutex::new(units),
            _lock: lock,
        })
    }

    /// Where everything is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The file that says so.
    pub fn endpoints_file(&self) -> PathBuf {
        self.folders.endpoints()
    }

    /// Names and ports.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The folder of logs, one file a component or service.
    pub fn logs(&self) -> PathBuf {
        self.folders.logs()
    }

    /// A service's program, for its other commands.
    ///
    /// # Errors
    /// When it was not compiled.
    pub fn program(&self, service: &str) -> Result<&Path> {
        Ok(self
            .installed
            .services
            .get(service)
            .with_context(|| format!("{service} was not compiled"))?)
    }

    /// A component, service or extra instance by name.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn part(&self, name: &str) -> Result<Unit> {
        let units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units
            .get(name)
            .cloned()
            .with_context(|| format!("`{name}` was not started by this stack"))
    }

    /// A component: `chain`, `postgres`, `kafka`, `s3`, `fhir`.
    ///
    /// # Errors
    /// When this stack does not run it.
    pub fn component(&self, name: &str) -> Result<Unit> {
        self.layout.component(name)?;
        self.part(name)
    }

    /// A service by the layout's name.
    ///
    /// # Errors
    /// When this stack does not run it.
    pub fn service(&self, name: &str) -> Result<Unit> {
        self.layout.service(name)?;
        self.part(name)
    }

    /// Stops and starts a service as it was.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn restart_service(&self, name: &str) -> Result<()> {
        self.service(name)?.restart().await
    }

    /// Stops a service and starts it with other variables; its state and ports stay.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn reconfigure_service(&self, name: &str, overrides: Overrides) -> Result<Unit> {
        self.service(name)?.stop().await;
        self.add(name, name, overrides).await
    }

    /// Starts one more instance of a service under a name, on ports, with a folder and a log of its own.
    ///
    /// # Errors
    /// When the name is in use, or the instance does not become ready.
    pub async fn spawn_service(
        &self,
        service: &str,
        instance: &str,
        overrides: Overrides,
    ) -> Result<Unit> {
        if self.part(instance).is_ok() {
            bail!("there is a part named {instance} already");
        }
        self.add(service, instance, overrides.with_free_ports()?)
            .await
    }

    async fn add(&self, service: &str, instance: &str, overrides: Overrides) -> Result<Unit> {
        let workshop = Workshop {
            layout: &self.layout,
            folders: &self.folders,
            installed: &self.installed,
            addresses: &self.addresses,
        };
        let unit = start_service(&workshop, service, instance, &overrides).await?;
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units.insert(instance.to_owned(), unit.clone());
        Ok(unit)
    }

    /// Waits until a part ends without having been asked to, and names it.
    pub async fn broken(&self) -> String {
        let units: Vec<Unit> = self
            .units
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        let ends = units.into_iter().map(|unit| {
            async move {
                unit.ended().await;
                unit.name().to_owned()
            }
            .boxed()
        });
        let (name, _, _) = futures::future::select_all(ends).await;
        name
    }

    /// Ends everything in an orderly way: services first.
    pub async fn stop(self) {
        let units = std::mem::take(&mut *self.units.lock().unwrap_or_else(PoisonError::into_inner));
        let (components, services): (Vec<Unit>, Vec<Unit>) = units
            .into_values()
            .partition(|unit| self.layout.components.contains_key(unit.name()));
        for group in [services, components] {
            futures::future::join_all(group.iter().map(Unit::shut_down)).await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folders.endpoints());
        for unit in self
            .units
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            unit.abandon();
        }
    }
}

async fn free_ports(layout: &Layout, options: &Options) -> Result<(), Error> {
    let mut wanted = layout
        .ports(options.port_offset)
        .map_err(anyhow::Error::from)?;
    let part = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
    wanted.retain(|(name, _)| {
        let name = part(name);
        let outside = name == "fhir" && options.fhir != Fhir::Own;
        !outside && (layout.components.contains_key(&name) || options.starts(&name))
    });
    let taken = ports::taken(&wanted, PORT_PATIENCE).await;
    if taken.is_empty() {
        Ok(())
    } else {
        Err(Error::PortsTaken(taken))
    }
}

/// A new stack starts from nothing.
fn clear(folders: &Folders) -> Result<()> {
    crate::folders::remove(&folders.state())?;
    fs::create_dir_all(folders.state())?;
    // A tool may print a password it was given.
    crate::folders::private_folder(&folders.logs())?;
    let _ = fs::remove_file(folders.endpoints());
    // Logs of set-up stay: they belong to what has just been done.
    for entry in fs::read_dir(folders.logs())?.flatten() {
        let is_file = entry.file_type()?.is_file();
        if is_file && !entry.file_name().to_string_lossy().starts_with("setup-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
