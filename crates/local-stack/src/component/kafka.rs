//! The Kafka broker: one node of Apache Kafka in KRaft mode, or tansu with records in memory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{DEADLINE, Site};
use crate::probe::Probe;
use crate::process::Spec;
use crate::setup::Broker;
use crate::stamp::{Stamp, fingerprint};
use crate::topics::Topics;
use crate::unit::{Launch, Unit};

/// Starts an empty broker and creates the layout's topics.
///
/// # Errors
/// When it does not become ready or refuses a topic.
pub async fn start(site: &Site<'_>) -> Result<Unit> {
    let address = site.address("kafka")?;
    let spec = match &site.installed.broker {
        Broker::Apache { java, libs } => apache(site, java, libs).await?,
        Broker::Tansu { program } => tansu(site, program, &address),
    };
    // Each topic has a dead-letter topic.
    let topics = site.layout.topics.iter();
    let names = topics
        .flat_map(|(name, partitions)| [(name.clone(), *partitions), (format!("{name}.dlq"), 1)]);
    let topics = Topics {
        brokers: address.clone(),
        names: names.collect(),
    };
    let launch = Launch {
        spec,
        probe: Probe::Kafka(topics),
        deadline: DEADLINE,
    };
    Unit::launch("kafka", address, launch).await
}

async fn apache(site: &Site<'_>, java: &Path, libs: &Path) -> Result<Spec> {
    let folder = site.folders.state().join("kafka");
    let log = folder.join("log");
    fs::create_dir_all(&folder)?;
    let settings = folder.join("server.properties");
    fs::write(&settings, properties(site, &log)?)?;
    let kafka = |name: &str, main: &str| {
        Spec::new(name, java, &folder, &site.folders.logs())
            .args([
                "-Xmx384m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
            ])
            .args([format!(
                "-Dlog4j2.configurationFile={}",
                site.folders
                    .checkout
                    .join("infra/kafka/log4j2.properties")
                    .display()
            )])
            .args([
                "-cp".to_owned(),
                format!("{}/*", libs.display()),
                main.to_owned(),
            ])
    };
    let format = kafka("kafka-format", "kafka.tools.StorageTool")
        .args([
            "format",
            "--cluster-id",
            "Y29uc2VudHJ5LWxvY2FsIQ",
            "--config",
        ])
        .args([settings.as_os_str()]);
    format_storage(site, &format, &log).await?;
    // The JVM answers SIGTERM with an orderly stop.
    let mut broker = kafka("kafka", "kafka.Kafka").args([settings.as_os_str()]);
    broker
        .args
        .insert(0, class_archive(site, java, libs)?.into());
    Ok(broker)
}

/// Loading some thousand classes is most of a broker's start. The first one leaves an archive of them
/// when it ends; later ones map it, which halves the time. An archive belongs to one JVM and one set of jars.
fn class_archive(site: &Site<'_>, java: &Path, libs: &Path) -> Result<String> {
    let java = java
        .canonicalize()
        .with_context(|| format!("{}", java.display()))?;
    let built = fs::metadata(&java)?.modified()?;
    let archive = site.folders.data.join(format!(
        "kafka-classes-{:016x}.jsa",
        fingerprint(&(&java, built, libs))
    ));
    let option = if archive.is_file() {
        "SharedArchiveFile"
    } else {
        "ArchiveClassesAtExit"
    };
    Ok(format!("-XX:{option}={}", archive.display()))
}

/// Formatting starts a JVM of its own and its result is always the same, so it is kept.
async fn format_storage(site: &Site<'_>, format: &Spec, log: &Path) -> Result<()> {
    let template = site.folders.data.join("kafka-formatted");
    let version = &site.layout.component("kafka")?.version;
    let stamp = Stamp::new(
        &site.folders.data,
        "kafka-formatted.stamp",
        &[version.as_bytes()],
    );
    if !stamp.holds(&template.join("meta.properties")) {
        let process = crate::process::Process::spawn(format)?;
        let status = tokio::time::timeout(DEADLINE, process.wait())
            .await
            .context("formatting Kafka's storage took too long")?;
        ensure!(
            status.success(),
            "formatting Kafka's storage failed:\n{}",
            process.log_tail()
        );
        crate::folders::remove(&template)?;
        copy_files(log, &template)?;
        return stamp.set();
    }
    copy_files(&template, log)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)?.flatten() {
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn properties(site: &Site<'_>, log: &Path) -> Result<String> {
    let broker = site.address("kafka")?;
    let controller = format!("127.0.0.1:{}", site.internal_port("kafka", "controller")?);
    Ok(format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@{controller}\n\
         listeners=PLAINTEXT://{broker},CONTROLLER://{controller}\n\
         advertised.listeners=PLAINTEXT://{broker}\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={log}\n\
         auto.create.topics.enable=false\n\
         num.network.threads=2\n\
         num.io.threads=2\n\
         background.threads=2\n\
         offsets.topic.num.partitions=1\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.num.partitions=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         log.cleaner.dedupe.buffer.size=4194304\n",
        log = log.display(),
    ))
}

fn tansu(site: &Site<'_>, program: &PathBuf, address: &str) -> Spec {
    Spec::new(
        "kafka",
        program,
        &site.folders.state(),
        &site.folders.logs(),
    )
    .args(["broker"])
    .env("CLUSTER_ID", "consentry-local")
    .env("LISTENER_URL", format!("tcp://{address}"))
    .env("ADVERTISED_LISTENER_URL", format!("tcp://{address}"))
    .env("STORAGE_ENGINE", "memory://tansu/")
    .env("RUST_LOG", "warn")
}
