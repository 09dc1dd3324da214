//! The whole system, started in the order of its needs and ended together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::Address;
use anyhow::{Context, Result, bail};
use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::component::{self, Site};
use crate::endpoints::{self, Endpoints};
use crate::error::Error;
use crate::folders::{Folders, Lock, find_checkout};
use crate::layout::{Addresses, Layout};
use crate::ports;
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::seed;
use crate::service::{Overrides, Workshop};
use crate::setup::{self, Installed, KafkaChoice, SetupOptions};
use crate::unit::Unit;

/// A dying stack's ports come free within this time.
const PORT_PATIENCE: Duration = Duration::from_secs(3);

/// Which FHIR server stands behind the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fhir {
    /// Our own small one, loaded with the patients.
    #[default]
    Own,
    /// Any other that runs already; its base URL.
    At(String),
}

/// Which of our services are started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Services {
    /// All.
    #[default]
    All,
    /// These, and no other.
    Only(BTreeSet<String>),
}

/// How a stack is to be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The checkout.
    pub checkout: PathBuf,
    /// Where state, logs and endpoints go; in `.local` when nothing is said.
    pub data_folder: Option<PathBuf>,
    /// Added to every port, so that several stacks can run side by side.
    pub port_offset: u16,
    /// Which broker.
    pub kafka: KafkaChoice,
    /// Which FHIR server.
    pub fhir: Fhir,
    /// Patients: a folder of FHIR R4 Bundles, or an NDJSON file. Our own synthetic ones when nothing is said.
    pub patients: Option<PathBuf>,
    /// How many patients are bound to a chain address at most.
    pub bound_patients: usize,
    /// Which services.
    pub services: Services,
    /// Variables that differ from the layout, by service.
    pub overrides: BTreeMap<String, Overrides>,
    /// A folder with the services' programs, when they are compiled already.
    pub prebuilt: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checkout: find_checkout(),
            data_folder: None,
            port_offset: 0,
            kafka: KafkaChoice::Auto,
            fhir: Fhir::Own,
            patients: None,
            bound_patients: 20,
            services: Services::All,
            overrides: BTreeMap::new(),
            prebuilt: std::env::var_os("CONSENTRY_BIN_DIR").map(PathBuf::from),
        }
    }
}

impl Options {
    /// The folders this stack uses.
    pub fn folders(&self) -> Folders {
        Folders::new(&self.checkout, self.data_folder.clone(), self.port_offset)
    }

    /// What set-up has to prepare for it.
    pub fn setup(&self) -> SetupOptions {
        SetupOptions {
            kafka: self.kafka,
            own_fhir: self.fhir == Fhir::Own,
            services: self.services != Services::Only(BTreeSet::new()),
            prebuilt: self.prebuilt.clone(),
        }
    }

    fn starts(&self, service: &str) -> bool {
        match &self.services {
            Services::All => true,
            Services::Only(names) => names.contains(service),
        }
    }
}

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
        let start = Start { options: &options, layout: &layout, folders: &folders, installed: &installed, secrets: &secrets, progress };
        let (units, addresses, endpoints) = start.run().await?;
        endpoints.write(&folders.endpoints())?;
        begin.done(&format!("everything is ready; logs are in {}", folders.logs().display()));
        Ok(Self { layout, folders, installed, addresses, endpoints, units: Mutex::new(units), _lock: lock })
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
        Ok(self.installed.services.get(service).with_context(|| format!("{service} was not compiled"))?)
    }

    /// A component, service or extra instance by name.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn part(&self, name: &str) -> Result<Unit> {
        let units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units.get(name).cloned().with_context(|| format!("`{name}` was not started by this stack"))
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
    pub async fn spawn_service(&self, service: &str, instance: &str, overrides: Overrides) -> Result<Unit> {
        if self.part(instance).is_ok() {
            bail!("there is a part named {instance} already");
        }
        self.add(service, instance, overrides.with_free_ports()?).await
    }

    async fn add(&self, service: &str, instance: &str, overrides: Overrides) -> Result<Unit> {
        let workshop = Workshop { layout: &self.layout, folders: &self.folders, installed: &self.installed, addresses: &self.addresses };
        let unit = start_service(&workshop, service, instance, &overrides).await?;
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units.insert(instance.to_owned(), unit.clone());
        Ok(unit)
    }

    /// Waits until a part ends without having been asked to, and names it.
    pub async fn broken(&self) -> String {
        let units: Vec<Unit> = self.units.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let ends = units.into_iter().map(|unit| async move { unit.ended().await; unit.name().to_owned() }.boxed());
        let (name, _, _) = futures::future::select_all(ends).await;
        name
    }

    /// Ends everything in an orderly way: services first.
    pub async fn stop(self) {
        let units = std::mem::take(&mut *self.units.lock().unwrap_or_else(PoisonError::into_inner));
        let (components, services): (Vec<Unit>, Vec<Unit>) =
            units.into_values().partition(|unit| self.layout.components.contains_key(unit.name()));
        for group in [services, components] {
            futures::future::join_all(group.iter().map(Unit::shut_down)).await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folders.endpoints());
        for unit in self.units.get_mut().unwrap_or_else(PoisonError::into_inner).values() {
            unit.abandon();
        }
    }
}

async fn free_ports(layout: &Layout, options: &Options) -> Result<(), Error> {
    let mut wanted = layout.ports(options.port_offset).map_err(anyhow::Error::from)?;
    let part = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
    wanted.retain(|(name, _)| {
        let name = part(name);
        let outside = name == "fhir" && options.fhir != Fhir::Own;
        !outside && (layout.components.contains_key(&name) || options.starts(&name))
    });
    let taken = ports::taken(&wanted, PORT_PATIENCE).await;
    if taken.is_empty() { Ok(()) } else { Err(Error::PortsTaken(taken)) }
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
        if !entry.file_name().to_string_lossy().starts_with("setup-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

async fn start_service(workshop: &Workshop<'_>, service: &str, instance: &str, overrides: &Overrides) -> Result<Unit> {
    let (launch, address) = workshop.launch(service, instance, overrides)?;
    if overrides.unready {
        let process = crate::process::Process::spawn(&launch.spec)?;
        return Ok(Unit::running(instance, address, launch, process, Vec::new()));
    }
    Unit::launch(instance, address, launch).await
}

/// One start, from nothing to everything ready.
struct Start<'a> {
    options: &'a Options,
    layout: &'a Layout,
    folders: &'a Folders,
    installed: &'a Installed,
    secrets: &'a Secrets,
    progress: &'a Progress,
}

impl Start<'_> {
    async fn run(&self) -> Result<(BTreeMap<String, Unit>, Addresses, Endpoints)> {
        let deployment = seed::chain::registry(self.layout.chain.id)?;
        let addresses = self.addresses(deployment.address)?;
        let clients = seed::clients::registrations(self.layout, self.secrets, &addresses)?;
        self.secrets.copy_to(&self.secrets_folder())?;
        fs::write(self.secrets_folder().join("clients.json"), serde_json::to_string_pretty(&clients)?)?;
        let site = Site {
            folders: self.folders,
            layout: self.layout,
            installed: self.installed,
            secrets: self.secrets,
            port_offset: self.options.port_offset,
        };
        let s3 = self.s3(&addresses)?;
        let (site, s3, deployment, addresses_ref) = (&site, &s3, &deployment, &addresses);
        let workshop = Workshop { layout: self.layout, folders: self.folders, installed: self.installed, addresses: &addresses };
        let workshop = &workshop;

        let patients = watch::Sender::new(Vec::<String>::new());
        let patients = &patients;
        let mut parts = Parts::default();
        parts.add("patients", &[], async move {
            let found = self.load_patients().await?;
            let said = format!("{} of them get a chain address", found.len());
            patients.send_replace(found);
            Ok((None, said))
        });
        parts.add("chain", &[], async move {
            let unit = component::chain::start(site).await?;
            seed::chain::deploy(&seed::chain::provider(&unit.url())?, deployment).await?;
            Ok(ready(unit, &format!("registry {}", deployment.address)))
        });
        parts.add("accounts", &["chain", "patients"], async move {
            let addresses = self.chain_addresses(&patients.borrow())?;
            seed::chain::fund(&seed::chain::provider(&format!("http://{}", site.address("chain")?))?, &addresses).await?;
            Ok((None, format!("{} funded", addresses.len())))
        });
        parts.add("postgres", &[], async move {
            let unit = component::postgres::start(site, self.progress).await?;
            Ok(ready(unit, &format!("databases {}", self.layout.postgres.databases.join(", "))))
        });
        parts.add("kafka", &[], async move {
            let unit = component::kafka::start(site).await?;
            Ok(ready(unit, &format!("{} topics", self.layout.topics.len() * 2)))
        });
        parts.add("s3", &[], async move {
            let unit = component::s3::start(site).await?;
            seed::bucket::create(s3, &self.layout.s3.region).await?;
            Ok(ready(unit, &format!("bucket {} with Object Lock", s3.bucket)))
        });
        match &self.options.fhir {
            Fhir::Own => parts.add("fhir", &["patients"], async move {
                Ok(ready(component::fhir::start(site, &self.fhir_file()).await?, "patients loaded"))
            }),
            Fhir::At(url) => parts.add("fhir", &[], async move { Ok((None, format!("used as it is: {url}"))) }),
        }
        for (name, service) in self.layout.services.iter().filter(|(name, _)| self.options.starts(name)) {
            let needs: Vec<&str> = service
                .needs
                .iter()
                .filter(|need| self.layout.components.contains_key(*need) || self.options.starts(need))
                .map(String::as_str)
                .collect();
            let overrides = self.options.overrides.get(name).cloned().unwrap_or_default();
            parts.add(name, &needs, async move {
                Ok(ready(start_service(workshop, name, name, &overrides).await?, ""))
            });
        }
        if self.options.starts("auth-service") {
            parts.add("directory", &["auth-service", "patients"], async move {
                let directory = seed::directory::Directory {
                    layout: self.layout,
                    secrets: self.secrets,
                    auth: seed::clients::audience(addresses_ref, "auth-service"),
                    registry: deployment.address,
                };
                let patients = patients.borrow().clone();
                directory.fill(&patients, OffsetDateTime::now_utc()).await?;
                Ok((None, format!("{} patients bound by their own signature", patients.len())))
            });
        }
        let units = parts.start(self.progress).await?;
        let endpoints = self.endpoints(&addresses, deployment.address, &patients.borrow())?;
        Ok((units, addresses, endpoints))
    }

    async fn load_patients(&self) -> Result<Vec<String>> {
        let data = self.options.patients.clone().unwrap_or_else(|| self.folders.checkout.join("qa/synthetic-data/data"));
        let (out, most) = (self.fhir_file(), self.options.bound_patients);
        tokio::task::spawn_blocking(move || seed::patients::load(&data, &out, most)).await?
    }

    fn fhir_file(&self) -> PathBuf {
        self.folders.state().join("fhir.ndjson")
    }

    /// Keys as this stack's services see them, with its own list of clients beside them.
    fn secrets_folder(&self) -> PathBuf {
        self.folders.state().join("secrets")
    }

    fn addresses(&self, registry: Address) -> Result<Addresses> {
        let mut addresses = self.layout.native_addresses(self.options.port_offset)?;
        let fhir = match &self.options.fhir {
            Fhir::Own => format!("http://{}{}", addresses.hosts["fhir"], self.layout.component("fhir")?.path),
            Fhir::At(url) => url.trim_end_matches('/').to_owned(),
        };
        addresses.values = BTreeMap::from([
            ("registry".into(), registry.to_checksum(None)),
            ("fhir-base".into(), fhir),
            ("secrets".into(), self.secrets_folder().display().to_string()),
            ("state".into(), self.folders.state().display().to_string()),
            ("s3-access-key".into(), self.secrets.s3_access_key.clone()),
            ("s3-secret-key".into(), self.secrets.s3_secret_key.clone()),
        ]);
        for (name, password) in &self.secrets.databases {
            addresses.values.insert(format!("postgres-{name}"), password.clone());
        }
        Ok(addresses)
    }

    fn chain_addresses(&self, patients: &[String]) -> Result<Vec<Address>> {
        let organizations = self.layout.clients.iter().filter_map(|client| client.organization.as_deref());
        let organizations = organizations.map(|id| Ok(self.secrets.organization_key(id)?.address()));
        let patients = patients.iter().map(|id| Ok(self.secrets.patient_key(id)?.address()));
        organizations.chain(patients).collect()
    }

    fn s3(&self, addresses: &Addresses) -> Result<endpoints::S3> {
        Ok(endpoints::S3 {
            endpoint: format!("http://{}", addresses.hosts["s3"]),
            bucket: self.layout.s3.bucket.clone(),
            access_key: self.secrets.s3_access_key.clone(),
            secret_key: self.secrets.s3_secret_key.clone(),
        })
    }

    fn endpoints(&self, addresses: &Addresses, registry: Address, patients: &[String]) -> Result<Endpoints> {
        let url = |part: &str| seed::clients::audience(addresses, part);
        let clients = self.layout.clients.iter().filter(|client| !client.internal).map(|client| {
            let key = client.organization.as_deref().map(|id| self.secrets.organization_key(id)).transpose()?;
            Ok(endpoints::Client {
                id: client.id.clone(),
                private_jwk: self.secrets.client_keys[&client.id].clone(),
                persona: client.persona.clone(),
                organization: client.organization.clone(),
                address: key.as_ref().map(|key| key.address().to_checksum(None)),
                private_key: key.as_ref().map(|key| key.to_bytes().to_string()),
            })
        });
        let patients = patients.iter().map(|id| {
            let key = self.secrets.patient_key(id)?;
            Ok(endpoints::Patient {
                fhir_id: id.clone(),
                subject: key.address().to_checksum(None),
                private_key: key.to_bytes().to_string(),
            })
        });
        Ok(Endpoints {
            warning: endpoints::WARNING.into(),
            chain: endpoints::Chain { rpc: url("chain"), id: self.layout.chain.id, registry: registry.to_checksum(None) },
            auth: url("auth-service"),
            indexer: url("consent-indexer"),
            gateway: url("ehr-gateway"),
            audit: url("audit-pipeline"),
            fhir: addresses.values["fhir-base"].clone(),
            postgres: component::postgres::admin_url(&addresses.hosts["postgres"], self.secrets),
            kafka: addresses.hosts["kafka"].clone(),
            s3: self.s3(addresses)?,
            clients: clients.collect::<Result<_>>()?,
            patients: patients.collect::<Result<_>>()?,
        })
    }
}

type Started = (Option<Unit>, String);

fn ready(unit: Unit, detail: &str) -> Started {
    let said = format!("{}  {detail}", unit.address());
    (Some(unit), said.trim_end().to_owned())
}

/// Parts that start side by side, each as soon as what it needs is ready.
#[derive(Default)]
struct Parts<'a> {
    parts: Vec<(String, Vec<String>, BoxFuture<'a, Result<Started>>)>,
}

impl<'a> Parts<'a> {
    fn add(&mut self, name: &str, needs: &[&str], start: impl Future<Output = Result<Started>> + Send + 'a) {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        self.parts.push((name.to_owned(), needs, start.boxed()));
    }

    /// Fails with the first part that fails; dropping the others ends what they have started.
    async fn start(self, progress: &Progress) -> Result<BTreeMap<String, Unit>> {
        let ready = watch::Sender::new(BTreeSet::<String>::new());
        let ready = &ready;
        let all = self.parts.into_iter().map(|(name, needs, start)| async move {
            let mut others = ready.subscribe();
            others.wait_for(|ready| needs.iter().all(|need| ready.contains(need))).await?;
            let step = progress.step(name.as_str());
            let (unit, said) = start.await.with_context(|| format!("{name} did not start"))?;
            step.done(&said);
            ready.send_modify(|ready| {
                ready.insert(name.clone());
            });
            Ok::<_, anyhow::Error>(unit.map(|unit| (name, unit)))
        });
        Ok(futures::future::try_join_all(all).await?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn parts_start_after_what_they_need_and_no_later() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut parts = Parts::default();
        for (name, needs) in [("gateway", &["indexer"][..]), ("indexer", &["chain", "kafka"]), ("kafka", &[]), ("chain", &[])] {
            let order = order.clone();
            parts.add(name, needs, async move {
                order.lock().unwrap().push(name);
                Ok((None, String::new()))
            });
        }
        parts.start(&Progress::quiet()).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["kafka", "chain", "indexer", "gateway"]);
    }

    #[tokio::test]
    async fn the_first_failure_ends_the_start_and_is_named() {
        let mut parts = Parts::default();
        parts.add("slow", &[], std::future::pending());
        parts.add("kafka", &[], async { bail!("no broker") });
        let error = parts.start(&Progress::quiet()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "kafka did not start: no broker");
    }
}
