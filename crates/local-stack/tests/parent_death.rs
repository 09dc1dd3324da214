//! Whatever ends the parent ends its children: SIGKILL leaves it no chance to do so itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local_stack::process::{Process, Spec};

const PARENT: &str = "LOCAL_STACK_TEST_PARENT";

/// Not a test of its own: the parent that [`killing_the_parent_ends_every_child`] kills.
#[test]
fn parent() {
    let Some(folder) = std::env::var_os(PARENT) else {
        return;
    };
    let folder = Path::new(&folder);
    let sleeper = Spec::new("sleeper", "/bin/sh", folder, folder)
        .args(["-c", "trap '' TERM INT HUP; while :; do sleep 600; done"]);
    // Started from a thread that is gone when the parent is killed: children must not hang on it.
    let first = std::thread::scope(|scope| {
        let sleeper = &sleeper;
        scope
            .spawn(move || Process::spawn(sleeper).unwrap())
            .join()
            .unwrap()
    });
    let second = Process::spawn(&sleeper).unwrap();
    second.pause();
    println!("children {} {}", first.pid(), second.pid());
    std::thread::sleep(Duration::from_secs(600));
}

fn start_parent(folder: &Path) -> (Child, Vec<u32>) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["parent", "--exact", "--nocapture"])
        .env(PARENT, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(parent.stdout.take().unwrap());
    let children = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            line.split_once("children ")
                .map(|(_, pids)| pids.to_owned())
        })
        .expect("the parent says which children it has");
    (
        parent,
        children
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect(),
    )
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn killing_the_parent_ends_every_child() {
    let folder = tempfile::tempdir().unwrap();
    let (mut parent, children) = start_parent(folder.path());
    assert_eq!(children.len(), 2);
    assert!(
        children.iter().all(|pid| is_alive(*pid)),
        "a child ended with the thread that asked for it"
    );
    parent.kill().unwrap();
    parent.wait().unwrap();
    let give_up = Instant::now() + Duration::from_secs(20);
    while children.iter().any(|pid| is_alive(*pid)) {
        assert!(Instant::now() < give_up, "a child outlived its parent");
        std::thread::sleep(Duration::from_millis(10));
    }
}
