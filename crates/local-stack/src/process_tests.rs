use super::*;

fn shell(folder: &Path, script: &str) -> Spec {
    Spec::new("child", "/bin/sh", folder, folder).args(["-c", script])
}

fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn a_child_that_ignores_the_stop_signal_is_killed_with_its_own_children() {
    let folder = tempfile::tempdir().unwrap();
    let child = Process::spawn(&shell(
        folder.path(),
        "trap '' TERM; sleep 600 & echo $! > inner; wait; wait",
    ))
    .unwrap();
    let inner = folder.path().join("inner");
    until("the inner child", || {
        std::fs::read_to_string(&inner).is_ok_and(|text| text.ends_with('\n'))
    })
    .await;
    let inner: u32 = std::fs::read_to_string(&inner)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    child.stop(Duration::from_millis(200)).await;
    assert!(child.exit_status().is_some());
    until("the inner child's end", || {
        !matches!(state_of(inner), Some('R' | 'S' | 'D'))
    })
    .await;
}

#[tokio::test]
async fn a_paused_child_does_nothing_until_it_is_resumed_and_can_still_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let child = Process::spawn(&shell(folder.path(), "exec sleep 600")).unwrap();
    child.pause();
    until("stopped", || state_of(child.pid()) == Some('T')).await;
    child.resume();
    until("running", || state_of(child.pid()) == Some('S')).await;
    child.pause();
    until("stopped again", || state_of(child.pid()) == Some('T')).await;
    child.stop(Duration::from_secs(20)).await;
    assert_eq!(
        child.exit_status().unwrap().signal(),
        Some(Signal::SIGTERM as i32)
    );
}

#[tokio::test]
async fn waiting_for_a_child_that_ends_fails_at_once_with_the_end_of_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let child = Process::spawn(&shell(folder.path(), "echo no such database >&2; exit 3")).unwrap();
    let error = child
        .ready(Duration::from_secs(600), || async { bail!("not yet") })
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no such database") && error.contains("exit status: 3"),
        "{error}"
    );
}

#[tokio::test]
async fn a_child_that_never_becomes_ready_is_reported_with_the_probes_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let child = Process::spawn(&shell(folder.path(), "exec sleep 600")).unwrap();
    let error = child
        .ready(Duration::ZERO, || async { bail!("port closed") })
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("port closed"), "{error}");
}

#[tokio::test]
async fn a_dropped_child_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let child = Process::spawn(&shell(folder.path(), "exec sleep 600")).unwrap();
    let pid = child.pid();
    drop(child);
    until("gone", || state_of(pid).is_none()).await;
}

#[tokio::test]
async fn children_see_only_the_environment_they_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let spec = shell(folder.path(), "env > env.txt").env("GIVEN", "yes");
    let child = Process::spawn(&spec).unwrap();
    child.wait().await;
    let env = std::fs::read_to_string(folder.path().join("env.txt")).unwrap();
    assert!(env.contains("GIVEN=yes"), "{env}");
    assert!(!env.contains("CARGO"), "{env}");
}
