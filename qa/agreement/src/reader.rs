//! The readers of other languages, one process each: a line in for each document, a line out for each answer.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, ensure};

/// What a language made of the documents.
pub struct Answers {
    pub language: &'static str,
    pub answers: Vec<String>,
}

/// Asks every other language at the same time.
pub fn all(documents: &[(u64, Vec<u8>)]) -> anyhow::Result<Vec<Answers>> {
    thread::scope(|scope| {
        let asked: Vec<_> = ["typescript", "python"]
            .into_iter()
            .map(|language| scope.spawn(move || ask(language, documents)))
            .collect();
        asked
            .into_iter()
            .map(|thread| thread.join().expect("a reader's thread panicked"))
            .collect()
    })
}

fn ask(language: &'static str, documents: &[(u64, Vec<u8>)]) -> anyhow::Result<Answers> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("readers")
        .join(language);
    let mut process = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} did not start", program.display()))?;
    let stdin = process.stdin.take().context("no stdin")?;
    let stdout = process.stdout.take().context("no stdout")?;
    let answers = thread::scope(|scope| {
        // Both at once: neither side waits for the other with a full pipe.
        let written = scope.spawn(move || {
            let mut lines = BufWriter::new(stdin);
            for (_, bytes) in documents {
                writeln!(lines, "{}", hex::encode(bytes))?;
            }
            lines.flush()
        });
        let answers: Vec<String> = BufReader::new(stdout).lines().collect::<Result<_, _>>()?;
        // A reader that failed has closed its end; its exit says more than the broken pipe.
        drop(written.join().expect("the writer panicked"));
        anyhow::Ok(answers)
    })?;
    let status = process.wait()?;
    ensure!(
        status.success(),
        "the reader in {language} ended with {status}"
    );
    ensure!(
        answers.len() == documents.len(),
        "the reader in {language} answered {} of {} documents",
        answers.len(),
        documents.len()
    );
    Ok(Answers { language, answers })
}
