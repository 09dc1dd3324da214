//! The command line: what it accepts, refuses and says.

use std::process::{Command, Output};

use tempfile::tempdir;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_synthetic-data"))
        .args(args)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_generates_and_imports_what_it_generated() {
    let folder = tempdir().unwrap();
    let (out, file) = (folder.path().join("data"), folder.path().join("all.ndjson"));
    let (out, file) = (out.to_str().unwrap(), file.to_str().unwrap());
    let generated = run(&[
        "--seed",
        "1",
        "--patients",
        "2",
        "--observations-per-patient",
        "3",
        "--gzip",
        "--out",
        out,
    ]);
    assert!(generated.status.success(), "{}", said(&generated));
    let imported = run(&["import", "--from", out, "--out", file]);
    assert!(imported.status.success(), "{}", said(&imported));
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .lines()
            .all(|line| line.starts_with(r#"{"resourceType":""#))
    );
}

#[test]
fn it_refuses_a_folder_with_something_in_it_unless_forced() {
    let folder = tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert!(run(&["--patients", "1", "--out", out]).status.success());
    let again = run(&["--patients", "1", "--out", out]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("not empty"), "{}", said(&again));
    assert!(
        run(&["--patients", "1", "--force", "--out", out])
            .status
            .success()
    );
}

#[test]
fn wrong_arguments_are_named() {
    let cases: [(&[&str], &str); 4] = [
        (&[], "--out"),
        (&["--patients", "0", "--out", "x"], "--patients"),
        (
            &["--observations-per-patient", "1", "--out", "x"],
            "--observations-per-patient",
        ),
        (&["import", "--from", "x"], "--out"),
    ];
    for (args, named) in cases {
        let refused = run(args);
        assert_eq!(refused.status.code(), Some(2));
        assert!(said(&refused).contains(named), "{}", said(&refused));
    }
}

#[test]
fn a_broken_bundle_is_named_and_nothing_is_written() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("broken.json"), "{").unwrap();
    let file = folder.path().join("all.ndjson");
    let failed = run(&[
        "import",
        "--from",
        folder.path().to_str().unwrap(),
        "--out",
        file.to_str().unwrap(),
    ]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(said(&failed).contains("broken.json"), "{}", said(&failed));
    assert!(!file.exists());
}
