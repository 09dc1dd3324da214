//! What is going on, said to a person (one line a step) or to a program (JSON lines).

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

/// How steps are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One line a step, with colour where a terminal shows it.
    Lines,
    /// One JSON object a line.
    Json,
    /// Nothing.
    Quiet,
}

/// A sink for steps. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    style: Style,
    colour: bool,
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    finished: Arc<Mutex<Vec<Timing>>>,
}

/// How long a step took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// The step.
    pub step: String,
    /// From start to end.
    pub took: Duration,
}

impl Progress {
    /// Writes to standard error, so that standard output stays free for results.
    pub fn stderr(style: Style) -> Self {
        Self::new(
            style,
            std::io::stderr().is_terminal(),
            Box::new(std::io::stderr()),
        )
    }

    /// Says nothing.
    pub fn quiet() -> Self {
        Self::new(Style::Quiet, false, Box::new(std::io::sink()))
    }

    /// Writes to any sink.
    pub fn to(style: Style, out: Box<dyn Write + Send>) -> Self {
        Self::new(style, false, out)
    }

    fn new(style: Style, colour: bool, out: Box<dyn Write + Send>) -> Self {
        Self {
            style,
            colour,
            out: Arc::new(Mutex::new(out)),
            finished: Arc::default(),
        }
    }

    /// Begins a step that is expected to be short: a line appears when it ends.
    pub fn step(&self, name: impl Into<String>) -> Step {
        let name = name.into();
        if self.style == Style::Json {
            self.json("started", &name, None, None);
        }
        Step {
            progress: self.clone(),
            name,
            began: Instant::now(),
            ended: false,
        }
    }

    /// Begins a step that may take long: says so at once.
    pub fn long_step(&self, name: impl Into<String>, what: &str) -> Step {
        let step = self.step(name);
        if self.style == Style::Lines {
            self.line("…", &step.name, None, what);
        }
        step
    }

    /// Something worth knowing that is no step.
    pub fn note(&self, name: &str, text: &str) {
        match self.style {
            Style::Lines => self.line("·", name, None, text),
            Style::Json => self.json("note", name, None, Some(text)),
            Style::Quiet => {}
        }
    }

    /// All steps that ended well, in the order in which they ended.
    pub fn timings(&self) -> Vec<Timing> {
        self.finished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn line(&self, mark: &str, name: &str, took: Option<Duration>, text: &str) {
        let took = took.map_or_else(String::new, |took| format!("{:.1} s", took.as_secs_f64()));
        let (on, off) = match (self.colour, mark) {
            (true, "✓") => ("\x1b[32m", "\x1b[0m"),
            (true, "✗") => ("\x1b[31m", "\x1b[0m"),
            _ => ("", ""),
        };
        self.write(&format!("{on}{mark}{off} {name:<18} {took:>8}  {text}\n"));
    }

    fn json(&self, state: &str, name: &str, took: Option<Duration>, detail: Option<&str>) {
        let line = json!({
            "step": name,
            "state": state,
            "ms": took.map(|took| took.as_millis()),
            "detail": detail,
        });
        self.write(&format!("{line}\n"));
    }

    fn write(&self, line: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody reads any more: not a reason to fail.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}

/// A step under way. Dropped without [`Step::done`], because it or another one failed, it is reported as not
/// finished.
pub struct Step {
    progress: Progress,
    name: String,
    began: Instant,
    ended: bool,
}

impl Step {
    /// The step ended well; `detail` says what came out.
    pub fn done(mut self, detail: &str) -> Duration {
        self.ended = true;
        let took = self.began.elapsed();
        match self.progress.style {
            Style::Lines => self.progress.line("✓", &self.name, Some(took), detail),
            Style::Json => self
                .progress
                .json("done", &self.name, Some(took), Some(detail)),
            Style::Quiet => {}
        }
        let mut finished = self
            .progress
            .finished
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        finished.push(Timing {
            step: self.name.clone(),
            took,
        });
        took
    }

    /// The step is still under way.
    pub fn still(&self, text: &str) {
        match self.progress.style {
            Style::Lines => self
                .progress
                .line("…", &self.name, Some(self.began.elapsed()), text),
            Style::Json => self.progress.json(
                "running",
                &self.name,
                Some(self.began.elapsed()),
                Some(text),
            ),
            Style::Quiet => {}
        }
    }

    /// There was nothing to do: no line for people.
    pub fn skip(mut self) {
        self.ended = true;
        if self.progress.style == Style::Json {
            self.progress.json("skipped", &self.name, None, None);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        match self.progress.style {
            Style::Lines => {
                self.progress
                    .line("✗", &self.name, Some(self.began.elapsed()), "not finished")
            }
            Style::Json => {
                self.progress
                    .json("failed", &self.name, Some(self.began.elapsed()), None)
            }
            Style::Quiet => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn shown(style: Style, act: impl FnOnce(&Progress)) -> String {
        let sink = Sink::default();
        act(&Progress::to(style, Box::new(sink.clone())));
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn people_see_one_line_a_step_and_an_abandoned_step_as_failed() {
        let text = shown(Style::Lines, |progress| {
            progress.step("kafka").done("ready");
            drop(progress.step("s3"));
        });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with("✓ kafka") && lines[0].ends_with("ready"),
            "{text}"
        );
        assert!(lines[1].starts_with("✗ s3"), "{text}");
    }

    #[test]
    fn programs_see_json_lines() {
        let text = shown(Style::Json, |progress| {
            progress.step("kafka").done("ready");
        });
        let states: Vec<String> = text
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["state"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(states, ["started", "done"]);
    }

    #[test]
    fn only_steps_that_ended_well_are_timed() {
        let progress = Progress::quiet();
        progress.step("kafka").done("");
        drop(progress.step("s3"));
        progress.step("fhir").skip();
        let steps: Vec<String> = progress
            .timings()
            .into_iter()
            .map(|timing| timing.step)
            .collect();
        assert_eq!(steps, ["kafka"]);
    }
}
