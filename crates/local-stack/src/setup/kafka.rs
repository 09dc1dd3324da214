//! The Kafka broker: Apache Kafka's jars from Maven Central, or tansu compiled by cargo.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Workplace;
use super::run::{output, run, tool};
use crate::progress::{Progress, Step};
use crate::stamp::{Cached, link};

const RESOLVE_LIMIT: Duration = Duration::from_secs(300);
const COMPILE_LIMIT: Duration = Duration::from_secs(3600);
const OLDEST_JAVA: u32 = 17;

/// Which broker is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KafkaChoice {
    /// Apache Kafka, or tansu where that cannot be had.
    #[default]
    Auto,
    /// Apache Kafka or an error.
    Apache,
    /// tansu.
    Tansu,
}

impl std::str::FromStr for KafkaChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "apache" => Ok(Self::Apache),
            "tansu" => Ok(Self::Tansu),
            other => Err(format!("`{other}` is none of auto, apache, tansu")),
        }
    }
}

/// A broker that can be started.
#[derive(Debug, Clone)]
pub enum Broker {
    /// Apache Kafka.
    Apache {
        /// The Java runtime.
        java: PathBuf,
        /// The folder of jars.
        libs: PathBuf,
    },
    /// tansu, with records in memory.
    Tansu {
        /// Its one program.
        program: PathBuf,
    },
}

/// Whether Apache Kafka's jars are here and a JVM can run them.
pub(super) fn is_fetched(place: &Workplace<'_>) -> bool {
    let version = place
        .layout
        .component("kafka")
        .map(|kafka| kafka.version.as_str());
    let key = |version| format!("kafka-{version}");
    let fetched = version.is_ok_and(|version| {
        Cached::new(&place.folders.cache, &key(version))
            .get()
            .is_some()
    });
    fetched && place.find("java").is_some()
}

/// Makes a broker available.
///
/// # Errors
/// When neither can be had.
pub async fn install(
    place: &Workplace<'_>,
    choice: KafkaChoice,
    progress: &Progress,
) -> Result<Broker> {
    if choice != KafkaChoice::Tansu {
        let step = progress.step("setup kafka");
        match apache(place, &step).await {
            Ok(broker) => {
                step.done(&format!(
                    "Apache Kafka {}",
                    place.layout.component("kafka")?.version
                ));
                return Ok(broker);
            }
            Err(error) if choice == KafkaChoice::Apache => return Err(error),
            Err(error) => {
                step.skip();
                let reason = format!("{error:#}");
                let reason = reason.lines().next().unwrap_or_default();
                progress.note(
                    "setup kafka",
                    &format!("no Apache Kafka here, falling back to tansu: {reason}"),
                );
            }
        }
    }
    tansu(place, progress).await
}

async fn apache(place: &Workplace<'_>, step: &Step) -> Result<Broker> {
    let java = place
        .find("java")
        .context("no java: apt-get install openjdk-17-jre-headless")?;
    let found = java_version(&java).await?;
    ensure!(
        found >= OLDEST_JAVA,
        "java is version {found}, {OLDEST_JAVA} or newer is needed"
    );
    let version = &place.layout.component("kafka")?.version;
    let entry = Cached::new(&place.folders.cache, &format!("kafka-{version}"));
    let folder = match entry.get() {
        Some(folder) => folder.to_owned(),
        None => {
            let maven = place.find("mvn").context("no mvn: apt-get install maven")?;
            step.still("fetching Apache Kafka from Maven Central (about 45 MB)");
            let workshop = entry.workshop()?;
            let resolve = tool(
                "setup-kafka",
                &maven,
                &place.folders.checkout,
                &place.folders.logs(),
            )
            .args([
                "-q".to_owned(),
                "-B".to_owned(),
                "-f".to_owned(),
                "infra/kafka/pom.xml".to_owned(),
                format!("-Dkafka.version={version}"),
                "-DincludeScope=runtime".to_owned(),
                format!("-DoutputDirectory={}", workshop.join("libs").display()),
                "dependency:copy-dependencies".to_owned(),
            ]);
            run(&resolve, RESOLVE_LIMIT, step).await?;
            let broker = workshop.join(format!("libs/kafka_2.13-{version}.jar"));
            ensure!(broker.is_file(), "Maven brought no {}", broker.display());
            entry.keep(workshop)?.to_owned()
        }
    };
    link(&folder, &place.folders.tools().join("kafka"))?;
    Ok(Broker::Apache {
        java,
        libs: folder.join("libs"),
    })
}

async fn tansu(place: &Workplace<'_>, progress: &Progress) -> Result<Broker> {
    let step = progress.step("setup tansu");
    let version = place
        .layout
        .component("kafka")?
        .fallback_version
        .as_deref()
        .context("infra/stack.toml names no version of tansu")?;
    let entry = Cached::new(&place.folders.cache, &format!("tansu-{version}"));
    let folder = match entry.get() {
        Some(folder) => folder.to_owned(),
        None => {
            step.still("compiling tansu; this takes about 12 minutes on two cores");
            let workshop = entry.workshop()?;
            compile_tansu(place, version, &workshop, &step).await?;
            entry.keep(workshop)?.to_owned()
        }
    };
    link(&folder, &place.folders.tools().join("tansu"))?;
    step.done(&format!("tansu {version}"));
    Ok(Broker::Tansu {
        program: folder.join("bin/tansu"),
    })
}

async fn compile_tansu(
    place: &Workplace<'_>,
    version: &str,
    workshop: &Path,
    step: &Step,
) -> Result<()> {
    let mut install = tool(
        "setup-tansu",
        &place.program("cargo"),
        workshop,
        &place.folders.logs(),
    )
    .args(["install", "tansu", "--locked", "--version", version])
    .args(["--features", "dynostore,postgres", "--root"])
    .args([workshop.as_os_str()]);
    // Not where our own services are being compiled at the same time.
    let target = workshop.join("target");
    install = install.env("CARGO_TARGET_DIR", target.as_os_str());
    run(&install, COMPILE_LIMIT, step).await?;
    crate::folders::remove(&target)
}

async fn java_version(java: &Path) -> Result<u32> {
    let mut command = tokio::process::Command::new(java);
    command.arg("-version");
    let said = output(command).await?;
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    parse_java_version(&text)
        .with_context(|| format!("{} does not say its version", java.display()))
}

/// Finds the feature release in `openjdk version "17.0.15"` or `java version "1.8.0_402"`.
fn parse_java_version(text: &str) -> Option<u32> {
    let quoted = text.split('"').nth(1)?;
    let mut numbers = quoted
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok());
    match numbers.next()? {
        1 => numbers.next(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_versions_are_understood_in_both_notations() {
        assert_eq!(
            parse_java_version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK"),
            Some(17)
        );
        assert_eq!(
            parse_java_version("openjdk version \"21\" 2023-09-19"),
            Some(21)
        );
        assert_eq!(parse_java_version("java version \"1.8.0_402\""), Some(8));
        assert_eq!(parse_java_version("command not found"), None);
    }
}
