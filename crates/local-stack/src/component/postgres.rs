//! A private PostgreSQL cluster, made anew at each start.
//!
//! Development settings: it does not wait for the disk (`fsync = off`), since nothing in it has to
//! outlive the machine. Logins need a password all the same.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use nix::unistd::{User, chown, geteuid};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::{DEADLINE, Site};
use crate::probe::Probe;
use crate::process::{Process, RunAs, Spec};
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::stamp::fingerprint;
use crate::unit::{Launch, Unit};

const ADMIN: &str = "consentry_admin";

/// Makes and starts the cluster, then the layout's databases with a role each.
///
/// # Errors
/// When it cannot be made or does not become ready.
pub async fn start(site: &Site<'_>, progress: &Progress) -> Result<Unit> {
    let run_as = user_to_run_as()?;
    let folder = cluster_folder(&site.folders.data, run_as, progress)?;
    let data = folder.join("data");
    init(site, &folder, &data, run_as).await?;
    let port = site.port("postgres")?;
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories={}", folder.display()),
        "unix_socket_permissions=0700".to_owned(),
        "max_connections=50".to_owned(),
        "shared_buffers=32MB".to_owned(),
        "fsync=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "jit=off".to_owned(),
        "log_statement=none".to_owned(),
        "log_min_error_statement=panic".to_owned(),
    ];
    let mut spec = postgres_spec(site, "postgres", "postgres", &folder, run_as)
        .args([Path::new("-D"), &data])
        .args(
            settings
                .into_iter()
                .flat_map(|setting| ["-c".to_owned(), setting]),
        );
    // "Fast": ends sessions and stops, instead of waiting for clients to leave.
    spec.stop_signal = Signal::SIGINT;
    // Its own children are not in its process group; on this signal it ends them itself.
    spec.death_signal = Signal::SIGQUIT;
    let admin = login(port, ADMIN, &site.secrets.postgres_admin, "postgres");
    let launch = Launch {
        spec,
        probe: Probe::Postgres(Box::new(admin.clone())),
        deadline: DEADLINE,
    };
    let unit = Unit::launch("postgres", site.address("postgres")?, launch).await?;
    create_databases(site, &admin).await?;
    Ok(unit)
}

/// The cluster's address for its administrator, as a URL.
pub fn admin_url(address: &str, secrets: &Secrets) -> String {
    format!(
        "postgres://{ADMIN}:{}@{address}/postgres",
        secrets.postgres_admin
    )
}

async fn init(site: &Site<'_>, folder: &Path, data: &Path, run_as: Option<RunAs>) -> Result<()> {
    crate::folders::remove(data)?;
    let password_file = folder.join("initial-password");
    crate::folders::write_private(&password_file, &site.secrets.postgres_admin)?;
    give(&password_file, run_as)?;
    let spec = postgres_spec(site, "postgres-initdb", "initdb", folder, run_as)
        .args([Path::new("-D"), data])
        .args([
            "-U",
            ADMIN,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .args([format!("--pwfile={}", password_file.display())]);
    let process = Process::spawn(&spec)?;
    let status = tokio::time::timeout(DEADLINE, process.wait())
        .await
        .context("initdb took too long")?;
    fs::remove_file(&password_file)?;
    ensure!(
        status.success(),
        "initdb failed ({status}):\n{}",
        process.log_tail()
    );
    Ok(())
}

fn postgres_spec(
    site: &Site<'_>,
    name: &str,
    program: &str,
    folder: &Path,
    run_as: Option<RunAs>,
) -> Spec {
    let program = site.installed.postgres_bin.join(program);
    let mut spec = Spec::new(name, program, folder, &site.folders.logs()).env("LC_ALL", "C");
    spec.run_as = run_as;
    spec
}

async fn create_databases(site: &Site<'_>, admin: &PgConnectOptions) -> Result<()> {
    let mut connection =
        tokio::time::timeout(Duration::from_secs(10), PgConnection::connect_with(admin)).await??;
    for (name, password) in &site.secrets.databases {
        // Names come from infra/stack.toml, passwords are hexadecimal: neither needs quoting beyond this.
        for statement in [
            format!("CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'"),
            format!("CREATE DATABASE \"{name}\" OWNER \"{name}\""),
            format!("REVOKE CONNECT ON DATABASE \"{name}\" FROM PUBLIC"),
        ] {
            connection
                .execute(AssertSqlSafe(statement))
                .await
                .with_context(|| format!("database {name}"))?;
        }
    }
    connection.close().await?;
    Ok(())
}

fn login(port: u16, user: &str, password: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(user)
        .password(password)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

/// PostgreSQL refuses to be root: then it runs as `postgres`, or as `nobody` where that is missing.
fn user_to_run_as() -> Result<Option<RunAs>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(RunAs {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            }));
        }
    }
    anyhow::bail!(
        "we are root, PostgreSQL refuses to be, and there is neither a user `postgres` nor `nobody`"
    )
}

/// The cluster lives in the data folder, or elsewhere when its user may not go there.
fn cluster_folder(data: &Path, run_as: Option<RunAs>, progress: &Progress) -> Result<PathBuf> {
    let mut folder = data.join("postgres");
    if let Some(user) = run_as.filter(|user| !may_pass(&folder, *user)) {
        folder = PathBuf::from(format!("/var/tmp/consentry-{:016x}", fingerprint(&data)));
        progress.note(
            "postgres",
            &format!(
                "its user cannot reach the data folder; the cluster is in {}",
                folder.display()
            ),
        );
        // Anybody may make folders there.
        if let Ok(found) = fs::symlink_metadata(&folder) {
            let ours = found.is_dir() && [0, user.uid].contains(&found.uid());
            ensure!(ours, "{} belongs to somebody else", folder.display());
        }
    }
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    if !folder.exists() {
        builder
            .create(&folder)
            .with_context(|| format!("folder {}", folder.display()))?;
    }
    give(&folder, run_as)?;
    Ok(folder)
}

/// Whether every folder above `path` lets this user through.
fn may_pass(path: &Path, user: RunAs) -> bool {
    path.ancestors().skip(1).all(|folder| {
        fs::metadata(folder).is_ok_and(|meta| {
            let bit = if meta.uid() == user.uid {
                0o100
            } else if meta.gid() == user.gid {
                0o010
            } else {
                0o001
            };
            meta.mode() & bit != 0
        })
    })
}

fn give(path: &Path, run_as: Option<RunAs>) -> Result<()> {
    if let Some(user) = run_as {
        chown(path, Some(user.uid.into()), Some(user.gid.into()))
            .with_context(|| format!("owner of {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_may_not_enter_cannot_hold_the_cluster() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("checkout");
        fs::create_dir(&inner).unwrap();
        let stranger = RunAs {
            uid: 64_999,
            gid: 64_999,
        };
        let mode =
            |bits| fs::set_permissions(folder.path(), fs::Permissions::from_mode(bits)).unwrap();
        mode(0o700);
        assert!(!may_pass(&inner.join("postgres"), stranger));
        mode(0o711);
        assert!(may_pass(&inner.join("postgres"), stranger));
    }
}
