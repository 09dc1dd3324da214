//! Ports that are needed, and who sits on them already.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Ports for extra instances: above the layout's own and its usual offsets, below the ephemeral ones.
const FREE_RANGE: Range<u16> = 20_000..32_000;

/// A port that somebody else listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The port.
    pub port: u16,
    /// Which of our parts needs it.
    pub needed_by: String,
    /// The process that has it, when it can be found.
    pub owner: Option<Owner>,
}

/// A process found in `/proc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Its short name.
    pub name: String,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "port {} is taken, {} needs it",
            self.port, self.needed_by
        )?;
        match &self.owner {
            Some(owner) => write!(f, ": process {} ({}) listens there", owner.pid, owner.name)?,
            None => write!(f, ": another process listens there")?,
        }
        write!(f, "; end it, or shift all ports with --port-offset")
    }
}

/// Whether nobody listens on a loopback port.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port nobody listens on, and that this process has not been given before.
///
/// It lies below the system's ephemeral ports: one of those may be taken by any outgoing connection
/// between this answer and its use.
///
/// # Errors
/// When none of the range is left.
pub fn any_free() -> std::io::Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let size = u32::from(FREE_RANGE.end - FREE_RANGE.start);
    // Processes that run at the same time start at different places.
    let first = std::process::id().wrapping_mul(37);
    for _ in 0..size {
        let step = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % size;
        let port = FREE_RANGE.start + u16::try_from(step).unwrap_or(0);
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(std::io::ErrorKind::AddrInUse.into())
}

/// The ports of `wanted` that are taken. Those of a stack that has just died are given `patience`
/// to come free.
pub async fn taken(wanted: &[(String, u16)], patience: Duration) -> Vec<Taken> {
    let give_up = Instant::now() + patience;
    loop {
        let busy: Vec<_> = wanted.iter().filter(|(_, port)| !is_free(*port)).collect();
        if busy.is_empty() {
            return Vec::new();
        }
        if Instant::now() >= give_up {
            return busy
                .into_iter()
                .map(|(name, port)| Taken {
                    port: *port,
                    needed_by: name.clone(),
                    owner: owner_of(*port),
                })
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Looks up in `/proc` who listens on a port.
pub fn owner_of(port: u16) -> Option<Owner> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let socket = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let holds = std::fs::read_dir(entry.path().join("fd"))
            .ok()?
            .flatten()
            .any(|fd| {
                std::fs::read_link(fd.path())
                    .is_ok_and(|target| target.as_os_str() == socket.as_str())
            });
        holds.then(|| Owner {
            pid,
            name: std::fs::read_to_string(entry.path().join("comm"))
                .map(|comm| comm.trim().to_owned())
                .unwrap_or_else(|_| "?".into()),
        })
    })
}

/// Finds the inode of a socket in state LISTEN in the text of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let matches =
            u16::from_str_radix(local_port, 16).ok()? == port && *fields.get(3)? == LISTEN;
        matches.then(|| fields.get(9)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_its_component_and_its_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = taken(&[("kafka".into(), port)], Duration::ZERO).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].owner.as_ref().unwrap().pid, std::process::id());
        let message = found[0].to_string();
        assert!(
            message.contains(&format!("port {port} is taken, kafka needs it")),
            "{message}"
        );
        assert!(
            message.contains(&format!("process {}", std::process::id())),
            "{message}"
        );
    }

    #[tokio::test]
    async fn a_port_that_comes_free_in_time_is_not_reported() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let wanted = [("s3".to_owned(), port)];
        let (found, ()) = tokio::join!(taken(&wanted, Duration::from_secs(20)), async {
            tokio::task::yield_now().await;
            drop(listener);
        });
        assert_eq!(found, []);
    }

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1BB4 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0 20 4 30 10 -1\n\
             1: 0100007F:1BB4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1 0 100 0 0 10 0\n";
        assert_eq!(listening_inode(table, 7092), Some(22));
        assert_eq!(listening_inode(table, 7093), None);
    }
}
