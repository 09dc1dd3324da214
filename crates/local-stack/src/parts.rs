//! Parts that depend on one another, started as early as that allows.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::progress::Progress;
use crate::unit::Unit;

/// What a part leaves when it has started: perhaps something to steer, and words about it.
pub(crate) type Started = (Option<Unit>, String);

/// Parts that start side by side, each as soon as what it needs is ready.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    parts: Vec<(String, Vec<String>, BoxFuture<'a, Result<Started>>)>,
}

impl<'a> Parts<'a> {
    /// Adds a part; `start` does not begin before everything it needs is ready.
    pub(crate) fn add(
        &mut self,
        name: &str,
        needs: &[&str],
        start: impl Future<Output = Result<Started>> + Send + 'a,
    ) {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        self.parts.push((name.to_owned(), needs, start.boxed()));
    }

    /// Fails with the first part that fails; dropping the others ends what they have started.
    pub(crate) async fn start(self, progress: &Progress) -> Result<BTreeMap<String, Unit>> {
        let ready = watch::Sender::new(BTreeSet::<String>::new());
        let ready = &ready;
        let all = self
            .parts
            .into_iter()
            .map(|(name, needs, start)| async move {
                let mut others = ready.subscribe();
                others
                    .wait_for(|ready| needs.iter().all(|need| ready.contains(need)))
                    .await?;
                let step = progress.step(name.as_str());
                let (unit, said) = start
                    .await
                    .with_context(|| format!("{name} did not start"))?;
                step.done(&said);
                ready.send_modify(|ready| {
                    ready.insert(name.clone());
                });
                Ok::<_, anyhow::Error>(unit.map(|unit| (name, unit)))
            });
        Ok(futures::future::try_join_all(all)
            .await?
            .into_iter()
            .flatten()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    use anyhow::bail;

    #[tokio::test]
    async fn parts_start_after_what_they_need_and_no_later() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut parts = Parts::default();
        for (name, needs) in [
            ("gateway", &["indexer"][..]),
            ("indexer", &["chain", "kafka"]),
            ("kafka", &[]),
            ("chain", &[]),
        ] {
            let order = order.clone();
            parts.add(name, needs, async move {
                order.lock().unwrap().push(name);
                Ok((None, String::new()))
            });
        }
        parts.start(&Progress::quiet()).await.unwrap();
        assert_eq!(
            *order.lock().unwrap(),
            ["kafka", "chain", "indexer", "gateway"]
        );
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
