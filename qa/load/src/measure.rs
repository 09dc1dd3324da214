//! Asking as fast as answers come, from a fixed number of callers, and what that costs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What one round found.
#[derive(Debug, Clone)]
pub struct Round {
    /// How many answers came.
    pub answers: usize,
    /// How long it took.
    pub took: Duration,
    /// How long each answer took, shortest first.
    pub latencies: Vec<Duration>,
    /// Processor time of the service.
    pub service: Duration,
    /// Processor time of the database.
    pub database: Duration,
}

impl Round {
    /// Answers in a second.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// Answers for each second that the service had a core.
    pub fn rate_per_core(&self) -> f64 {
        self.answers as f64 / self.service.as_secs_f64().max(1e-9)
    }

    /// The same with the database's processor time counted in.
    pub fn rate_with_database(&self) -> f64 {
        let both = self.service + self.database;
        self.answers as f64 / both.as_secs_f64().max(1e-9)
    }

    /// The latency that this part of the answers stayed within.
    pub fn latency(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list"
        )]
        let place = (last as f64 * part).round() as usize;
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

/// The middle of several.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Whose processor time is counted.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// The service's process.
    pub service: u32,
}

/// Lets every caller ask until the time is over.
///
/// # Errors
/// When a caller fails, or processor time cannot be read.
pub async fn round<C, F>(watched: Watched, callers: Vec<C>, length: Duration) -> Result<Round>
where
    C: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<bool>> + Send,
{
    let before = (process_time(watched.service)?, database_time()?);
    let started = Instant::now();
    let tasks = callers.into_iter().map(|mut ask| {
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while started.elapsed() < length {
                let asked = Instant::now();
                // A caller that has nothing more to ask is done early.
                if !ask().await? {
                    break;
                }
                latencies.push(asked.elapsed());
            }
            anyhow::Ok(latencies)
        })
    });
    let mut latencies = Vec::new();
    for task in futures::future::join_all(tasks).await {
        latencies.extend(task.context("a caller ended in a panic")??);
    }
    let took = started.elapsed();
    let after = (process_time(watched.service)?, database_time()?);
    latencies.sort();
    Ok(Round {
        answers: latencies.len(),
        took,
        latencies,
        service: after.0.saturating_sub(before.0),
        database: after.1.saturating_sub(before.1),
    })
}

/// Processor time of a process so far.
fn process_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .context("the service's processor time cannot be read")?;
    parse(&stat).context("/proc/…/stat has another form")
}

/// Processor time of every process called `postgres`, which is right when there is one server.
fn database_time() -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for entry in std::fs::read_dir("/proc").context("/proc")? {
        let path = entry?.path().join("stat");
        let Ok(stat) = std::fs::read_to_string(path) else {
            continue;
        };
        if stat.contains("(postgres)") {
            sum += parse(&stat).unwrap_or_default();
        }
    }
    Ok(sum)
}

/// `utime` and `stime`, in hundredths of a second on every Linux.
fn parse(stat: &str) -> Option<Duration> {
    let fields = stat.rsplit_once(") ")?.1;
    let mut fields = fields.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_whatever_the_process_is_called() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(parse(stat), Some(Duration::from_secs(2)));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn a_part_of_the_latencies_is_within_its_percentile() {
        let latencies: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let round = Round {
            answers: 100,
            took: Duration::from_secs(2),
            latencies,
            service: Duration::from_secs(1),
            database: Duration::from_secs(1),
        };
        assert_eq!(round.latency(0.99), Duration::from_millis(99));
        assert_eq!(
            (
                round.rate(),
                round.rate_per_core(),
                round.rate_with_database()
            ),
            (50.0, 100.0, 50.0)
        );
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
