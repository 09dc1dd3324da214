//! The object store with Object Lock: Ceph's radosgw over one monitor and one storage daemon that
//! keeps objects in memory.
//!
//! The cluster is new at each start. Two things make that quick: the monitor is given a map that
//! already has room for the one storage daemon, so that no slow administration is needed before it
//! may join, and decisions of the monitor are not held back for batching.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use uuid::Uuid;

use super::{DEADLINE, Site};
use crate::probe::Probe;
use crate::process::{Process, Spec};
use crate::unit::{Launch, Unit};

/// Makes and starts the cluster with one user.
///
/// # Errors
/// When it does not become ready.
pub async fn start(site: &Site<'_>) -> Result<Unit> {
    let folder = site.folders.state().join("s3");
    for part in ["mon", "osd", "rgw", "run"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let cluster = Uuid::now_v7().to_string();
    let config = folder.join("ceph.conf");
    fs::write(&config, configuration(site, &folder, &cluster)?)?;
    let monitor_address = format!("[v1:127.0.0.1:{}]", site.internal_port("s3", "monitor")?);
    let (monitors, storage) = (folder.join("monmap"), folder.join("osdmap"));

    let tool = |name: &str| ceph(site, &format!("s3-{name}"), name, &folder, &config);
    let to_end = |spec: Spec| async move { finish(&spec).await };
    tokio::try_join!(
        to_end(
            tool("monmaptool")
                .args([
                    "--create",
                    "--clobber",
                    "--fsid",
                    &cluster,
                    "--addv",
                    "a",
                    &monitor_address
                ])
                .args([&monitors])
        ),
        to_end(
            tool("osdmaptool")
                .args(["--clobber", "--createsimple", "1"])
                .args([&storage])
        ),
    )?;
    let make_monitor = ceph(site, "s3-mon-mkfs", "ceph-mon", &folder, &config)
        .args(["-i", "a", "--mkfs", "--monmap"])
        .args([&monitors])
        .args(["--osdmap"])
        .args([&storage]);
    // Without this flag it would ask a monitor for its configuration, and there is none yet.
    let make_storage = ceph(site, "s3-osd-mkfs", "ceph-osd", &folder, &config).args([
        "-i",
        "0",
        "--no-mon-config",
        "--mkfs",
        "--osd-uuid",
        &Uuid::now_v7().to_string(),
    ]);
    tokio::try_join!(to_end(make_monitor), to_end(make_storage))?;

    let monitor = ceph(site, "s3-mon", "ceph-mon", &folder, &config).args(["-f", "-i", "a"]);
    let daemon = ceph(site, "s3-osd", "ceph-osd", &folder, &config).args([
        "-f",
        "-i",
        "0",
        "--no-mon-config",
    ]);
    let behind = vec![Process::spawn(&monitor)?, Process::spawn(&daemon)?];

    let address = site.address("s3")?;
    let launch = Launch {
        spec: ceph(site, "s3", "radosgw", &folder, &config).args(["-f", "-n", "client.rgw"]),
        probe: Probe::Http(format!("http://{address}/")),
        deadline: DEADLINE,
    };
    let front = launch.start().await.with_context(|| behind_logs(&behind))?;
    let user = ceph(site, "s3-user", "radosgw-admin", &folder, &config)
        .args([
            "user",
            "create",
            "--uid=consentry",
            "--display-name=consentry",
        ])
        .args([
            format!("--access-key={}", site.secrets.s3_access_key),
            format!("--secret={}", site.secrets.s3_secret_key),
        ]);
    finish(&user).await?;
    Ok(Unit::running("s3", address, launch, front, behind))
}

fn behind_logs(behind: &[Process]) -> String {
    behind
        .iter()
        .map(Process::log_tail)
        .collect::<Vec<_>>()
        .join("\n")
}

fn ceph(site: &Site<'_>, name: &str, program: &str, folder: &Path, config: &Path) -> Spec {
    let ceph = &site.installed.ceph;
    Spec::new(name, ceph.program(program), folder, &site.folders.logs())
        .env("LD_LIBRARY_PATH", ceph.library_path())
        .env("CEPH_CONF", config)
}

async fn finish(spec: &Spec) -> Result<()> {
    let process = Process::spawn(spec)?;
    let status = tokio::time::timeout(DEADLINE, process.wait())
        .await
        .with_context(|| format!("{} took too long", spec.name))?;
    ensure!(
        status.success(),
        "{} failed ({status}):\n{}",
        spec.name,
        process.log_tail()
    );
    Ok(())
}

fn configuration(site: &Site<'_>, folder: &Path, cluster: &str) -> Result<String> {
    let ceph = &site.installed.ceph;
    let [monitor, first, last] =
        ["monitor", "storage-first", "storage-last"].map(|role| site.internal_port("s3", role));
    Ok(format!(
        "[global]\n\
         fsid = {cluster}\n\
         mon host = v1:127.0.0.1:{monitor}\n\
         mon initial members = a\n\
         auth cluster required = none\n\
         auth service required = none\n\
         auth client required = none\n\
         # one copy, few placement groups: a store for development\n\
         osd pool default size = 1\n\
         osd pool default min size = 1\n\
         osd pool default pg num = 1\n\
         osd pool default pgp num = 1\n\
         osd pool default pg autoscale mode = off\n\
         osd crush chooseleaf type = 0\n\
         osd crush initial weight = 1\n\
         mon allow pool size one = true\n\
         mon max pg per osd = 1000\n\
         # decide at once\n\
         paxos propose interval = 0.02\n\
         paxos min wait = 0.01\n\
         # everything on loopback, on ports of ours, in folders of ours\n\
         public addr = 127.0.0.1\n\
         cluster addr = 127.0.0.1\n\
         ms bind ipv6 = false\n\
         ms bind msgr2 = false\n\
         ms bind port min = {first}\n\
         ms bind port max = {last}\n\
         run dir = {folder}/run\n\
         admin socket =\n\
         mon data = {folder}/mon\n\
         osd data = {folder}/osd\n\
         osd objectstore = memstore\n\
         memstore device bytes = 4294967296\n\
         osd erasure code plugins =\n\
         erasure code dir = {erasure}\n\
         osd class dir = {classes}\n\
         plugin dir = {plugins}\n\
         log to file = false\n\
         log to stderr = false\n\
         err to stderr = true\n\
         [client.rgw]\n\
         rgw data = {folder}/rgw\n\
         rgw frontends = beast endpoint=127.0.0.1:{gateway}\n",
        monitor = monitor?,
        first = first?,
        last = last?,
        gateway = site.port("s3")?,
        folder = folder.display(),
        erasure = ceph.library_folder("ceph/erasure-code").display(),
        classes = ceph.library_folder("rados-classes").display(),
        plugins = ceph.library_folder("ceph").display(),
    ))
}
