//! One start: what is started after what, and what it is given.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result};
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::component::{self, Site};
use crate::endpoints::{self, Endpoints};
use crate::folders::Folders;
use crate::layout::{Addresses, Layout};
use crate::options::{Fhir, Options};
use crate::parts::{Parts, Started};
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::seed::{self, chain::Contracts};
use crate::service::{Overrides, Workshop};
use crate::setup::Installed;
use crate::unit::Unit;

pub(crate) async fn start_service(
    workshop: &Workshop<'_>,
    service: &str,
    instance: &str,
    overrides: &Overrides,
) -> Result<Unit> {
    let (launch, address) = workshop.launch(service, instance, overrides)?;
    if overrides.unready {
        let process = crate::process::Process::spawn(&launch.spec)?;
        return Ok(Unit::running(
            instance,
            address,
            launch,
            process,
            Vec::new(),
        ));
    }
    Unit::launch(instance, address, launch).await
}

/// One start, from nothing to everything ready.
pub(crate) struct Start<'a> {
    pub options: &'a Options,
    pub layout: &'a Layout,
    pub folders: &'a Folders,
    pub installed: &'a Installed,
    pub secrets: &'a Secrets,
    pub progress: &'a Progress,
}

impl Start<'_> {
    /// Starts and seeds everything.
    pub(crate) async fn run(&self) -> Result<(BTreeMap<String, Unit>, Addresses, Endpoints)> {
        let deployments = seed::chain::exported(self.layout.chain.id)?;
        let contracts = Contracts::of(&deployments)?;
        let addresses = self.addresses(&contracts)?;
        let clients = seed::clients::registrations(self.layout, self.secrets, &addresses)?;
        self.secrets.copy_to(&self.secrets_folder())?;
        fs::write(
            self.secrets_folder().join("clients.json"),
            serde_json::to_string_pretty(&clients)?,
        )?;
        let site = Site {
            folders: self.folders,
            layout: self.layout,
            installed: self.installed,
            secrets: self.secrets,
            port_offset: self.options.port_offset,
        };
        let s3 = self.s3(&addresses)?;
        let (site, s3, deployments, addresses_ref) = (&site, &s3, &deployments, &addresses);
        let workshop = Workshop {
            layout: self.layout,
            folders: self.folders,
            installed: self.installed,
            addresses: &addresses,
        };
        let workshop = &workshop;

        let patients = watch::Sender::new(Vec::<String>::new());
        let patients = &patients;
        let mut parts = Parts::default();
        parts.add("patients", &[], async move {
            let found = self.load_patients().await?;
            let said = format!(
                "{} of them get a chain address, one is new",
                found.len() - 1
            );
            patients.send_replace(found);
            Ok((None, said))
        });
        parts.add("chain", &[], async move {
            let unit = component::chain::start(site).await?;
            let provider = seed::chain::provider(&unit.url())?;
            seed::chain::deploy(&provider, deployments).await?;
            let organizations = self.organizations()?;
            seed::grantees::verify(&provider, contracts.hospitals, &organizations).await?;
            // Patients get none: they sign, and the relay sends.
            let addresses: Vec<Address> = organizations
                .iter()
                .chain([&self.secrets.relay_account])
                .map(PrivateKeySigner::address)
                .collect();
            seed::chain::fund(&provider, &addresses).await?;
            let said = format!(
                "registry {}, {} organisations verified; they and the relay have coins",
                contracts.registry,
                organizations.len()
            );
            Ok(ready(unit, &said))
        });
        parts.add("postgres", &[], async move {
            let unit = component::postgres::start(site, self.progress).await?;
            Ok(ready(
                unit,
                &format!("databases {}", self.layout.postgres.databases.join(", ")),
            ))
        });
        parts.add("kafka", &[], async move {
            let unit = component::kafka::start(site).await?;
            Ok(ready(
                unit,
                &format!("{} topics", self.layout.topics.len() * 2),
            ))
        });
        parts.add("s3", &[], async move {
            let unit = component::s3::start(site).await?;
            seed::bucket::create(s3, &self.layout.s3.region).await?;
            Ok(ready(
                unit,
                &format!("bucket {} with Object Lock", s3.bucket),
            ))
        });
        match &self.options.fhir {
            Fhir::Own => parts.add("fhir", &["patients"], async move {
                Ok(ready(
                    component::fhir::start(site, &self.fhir_file()).await?,
                    "patients loaded",
                ))
            }),
            Fhir::At(url) => parts.add("fhir", &[], async move {
                Ok((None, format!("used as it is: {url}")))
            }),
        }
        for (name, service) in self
            .layout
            .services
            .iter()
            .filter(|(name, _)| self.options.starts(name))
        {
            let needs: Vec<&str> = service
                .needs
                .iter()
                .filter(|need| {
                    self.layout.components.contains_key(*need) || self.options.starts(need)
                })
                .map(String::as_str)
                .collect();
            let overrides = self
                .options
                .overrides
                .get(name)
                .cloned()
                .unwrap_or_default();
            parts.add(name, &needs, async move {
                Ok(ready(
                    start_service(workshop, name, name, &overrides).await?,
                    "",
                ))
            });
        }
        if self.options.starts("auth-service") {
            parts.add("directory", &["auth-service", "patients"], async move {
                let directory = seed::directory::Directory {
                    layout: self.layout,
                    secrets: self.secrets,
                    auth: seed::clients::audience(addresses_ref, "auth-service"),
                    registry: contracts.registry,
                };
                let patients = patients.borrow().clone();
                let (_, bound) = newcomer(&patients)?;
                directory.fill(bound, OffsetDateTime::now_utc()).await?;
                Ok((
                    None,
                    format!("{} patients bound by their own signature", bound.len()),
                ))
            });
        }
        let units = parts.start(self.progress).await?;
        let endpoints = self.endpoints(&addresses, &contracts, &patients.borrow())?;
        Ok((units, addresses, endpoints))
    }

    async fn load_patients(&self) -> Result<Vec<String>> {
        let data = self
            .options
            .patients
            .clone()
            .unwrap_or_else(|| self.folders.checkout.join("qa/synthetic-data/data"));
        let (out, most) = (self.fhir_file(), self.options.bound_patients + 1);
        tokio::task::spawn_blocking(move || seed::patients::load(&data, &out, most)).await?
    }

    fn fhir_file(&self) -> PathBuf {
        self.folders.state().join("fhir.ndjson")
    }

    /// Keys as this stack's services see them, with its own list of clients beside them.
    fn secrets_folder(&self) -> PathBuf {
        self.folders.state().join("secrets")
    }

    fn addresses(&self, contracts: &Contracts) -> Result<Addresses> {
        let mut addresses = self.layout.native_addresses(self.options.port_offset)?;
        let fhir = match &self.options.fhir {
            Fhir::Own => format!(
                "http://{}{}",
                addresses.hosts["fhir"],
                self.layout.component("fhir")?.path
            ),
            Fhir::At(url) => url.trim_end_matches('/').to_owned(),
        };
        addresses.values = BTreeMap::from([
            ("fhir-base".into(), fhir),
            (
                "secrets".into(),
                self.secrets_folder().display().to_string(),
            ),
            ("state".into(), self.folders.state().display().to_string()),
            (
                "frontends".into(),
                self.folders
                    .checkout
                    .join("frontends")
                    .display()
                    .to_string(),
            ),
            ("s3-access-key".into(), self.secrets.s3_access_key.clone()),
            ("s3-secret-key".into(), self.secrets.s3_secret_key.clone()),
        ]);
        for (name, address) in contracts.values() {
            addresses.values.insert(name.into(), address);
        }
        for (name, password) in &self.secrets.databases {
            addresses
                .values
                .insert(format!("postgres-{name}"), password.clone());
        }
        Ok(addresses)
    }

    fn organizations(&self) -> Result<Vec<PrivateKeySigner>> {
        self.layout
            .clients
            .iter()
            .filter_map(|client| client.organization.as_deref())
            .map(|id| self.secrets.organization_key(id))
            .collect()
    }

    fn s3(&self, addresses: &Addresses) -> Result<endpoints::S3> {
        Ok(endpoints::S3 {
            endpoint: format!("http://{}", addresses.hosts["s3"]),
            bucket: self.layout.s3.bucket.clone(),
            access_key: self.secrets.s3_access_key.clone(),
            secret_key: self.secrets.s3_secret_key.clone(),
        })
    }

    fn endpoints(
        &self,
        addresses: &Addresses,
        contracts: &Contracts,
        patients: &[String],
    ) -> Result<Endpoints> {
        let url = |part: &str| seed::clients::audience(addresses, part);
        let clients = self
            .layout
            .clients
            .iter()
            .filter(|client| !client.internal)
            .map(|client| {
                let key = client
                    .organization
                    .as_deref()
                    .map(|id| self.secrets.organization_key(id))
                    .transpose()?;
                Ok(endpoints::Client {
                    id: client.id.clone(),
                    private_jwk: self.secrets.client_keys[&client.id].clone(),
                    persona: client.persona.clone(),
                    organization: client.organization.clone(),
                    address: key.as_ref().map(|key| key.address().to_checksum(None)),
                    private_key: key.as_ref().map(|key| key.to_bytes().to_string()),
                })
            });
        let apps = self.layout.apps.iter().map(|app| {
            let url = app.url(self.options.port_offset)?;
            Ok(endpoints::App {
                id: app.id.clone(),
                persona: app.persona.clone(),
                redirect_uri: seed::clients::callback(&url),
                url,
                scopes: app.scopes.clone(),
            })
        });
        let terminals = self.layout.terminals.iter();
        let terminals = terminals.map(|terminal| endpoints::Terminal {
            id: terminal.id.clone(),
            persona: terminal.persona.clone(),
            redirect_uri: seed::clients::LOOPBACK.into(),
            scopes: terminal.scopes.clone(),
        });
        let (newcomer, bound) = newcomer(patients)?;
        let patients = bound.iter().map(|id| {
            let key = self.secrets.patient_key(id)?;
            Ok(endpoints::Patient {
                fhir_id: id.clone(),
                subject: key.address().to_checksum(None),
                private_key: key.to_bytes().to_string(),
            })
        });
        Ok(Endpoints {
            warning: endpoints::WARNING.into(),
            tenant: self.layout.tenant.clone(),
            chain: endpoints::Chain {
                rpc: url("chain"),
                id: self.layout.chain.id,
                registry: contracts.registry.to_checksum(None),
                hospitals: contracts.hospitals.to_checksum(None),
                providers: contracts.providers.to_checksum(None),
            },
            auth: url("auth-service"),
            indexer: url("consent-indexer"),
            gateway: url("ehr-gateway"),
            audit: url("audit-pipeline"),
            relay: url("consent-relay"),
            fhir: addresses.values["fhir-base"].clone(),
            postgres: component::postgres::admin_url(&addresses.hosts["postgres"], self.secrets),
            kafka: addresses.hosts["kafka"].clone(),
            s3: self.s3(addresses)?,
            clients: clients.collect::<Result<_>>()?,
            apps: apps.collect::<Result<_>>()?,
            terminals: terminals.collect(),
            newcomer: newcomer.clone(),
            patients: patients.collect::<Result<_>>()?,
        })
    }
}

/// The patient who binds a key themselves, and those who come with one.
fn newcomer(patients: &[String]) -> Result<(&String, &[String])> {
    patients.split_first().context("there is no patient")
}

fn ready(unit: Unit, detail: &str) -> Started {
    let said = format!("{}  {detail}", unit.address());
    (Some(unit), said.trim_end().to_owned())
}
