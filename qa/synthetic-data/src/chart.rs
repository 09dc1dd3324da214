//! One patient's chart: every resource of the patient, and the manifest entry that says what is true about it.

use serde_json::{Value, json};
use time::{Date, Duration, Month, OffsetDateTime};

use crate::catalog::{
    ACT_CODE, BLOOD_PRESSURE, BODY_HEIGHT, BODY_WEIGHT, CONFIDENTIALITY, FAMILY, GIVEN, LOINC,
    OBSERVATION_CATEGORY, Outcome, PANELS, PRESSURES, Panel, SENSITIVE, SERVICE_SECTION,
    SensitiveTest, VITAL_SIGNS,
};
use crate::dice::{Dice, id, shared_id};
use crate::element::{at, decimal, measure, narrative, quantity, stamp};
use crate::manifest::{PatientEntry, Profile, Trap};

const SNOMED: &str = "http://snomed.info/sct";
/// Vital signs of one visit, before its laboratory panel.
const VITALS_PER_VISIT: u32 = 4;
const FIRST_DAY: Date = day(2019, Month::January, 7);
const LAST_DAY: Date = day(2025, Month::June, 30);

/// What every chart of a run has in common.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub patients: u32,
    pub observations: u32,
}

/// A finished chart.
pub struct Chart {
    /// Resources of this patient alone; references among them are `Type/id`.
    pub own: Vec<Value>,
    pub entry: PatientEntry,
}

/// Resources that every patient of a seed refers to.
pub fn shared(plan: &Plan) -> Vec<Value> {
    vec![
        json!({
            "resourceType": "Organization",
            "id": shared_id(plan.seed, "organization"),
            "active": true,
            "name": "Synthetic General Hospital",
        }),
        json!({
            "resourceType": "Practitioner",
            "id": shared_id(plan.seed, "practitioner"),
            "active": true,
            "name": [{"use": "official", "family": "Synthetic", "given": ["Practitioner"]}],
        }),
    ]
}

/// Draws up the chart of patient `index`. `file` is where it will be stored.
pub fn chart(plan: &Plan, index: u32, file: String) -> Chart {
    let mut writer = Writer::new(plan, index, file);
    writer.patient();
    writer.visits();
    match Profile::of(index) {
        Profile::Plain => {}
        Profile::Sensitive => writer.sensitive(),
        trap => writer.trap(trap),
    }
    Chart {
        own: writer.own,
        entry: writer.entry,
    }
}

struct Writer<'a> {
    plan: &'a Plan,
    index: u32,
    dice: Dice,
    own: Vec<Value>,
    entry: PatientEntry,
    /// When the latest visit was, and its Encounter.
    visit: (OffsetDateTime, String),
    /// Height and mean weight, in tenths of cm and kg: a body does not jump between visits.
    body: (i64, i64),
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Plan, index: u32, file: String) -> Self {
        let entry = PatientEntry {
            id: patient_id(plan, index),
            file,
            profile: Profile::of(index),
            identifying: Vec::new(),
            observations: Vec::new(),
            by_category: Default::default(),
            diagnostic_reports: Vec::new(),
            sensitive: Default::default(),
            traps: Vec::new(),
        };
        let dice = Dice::new(plan.seed, index);
        Self {
            plan,
            index,
            dice,
            own: Vec::new(),
            entry,
            visit: (at(FIRST_DAY, 8, 0), String::new()),
            body: (0, 0),
        }
    }

    fn id(&self, kind: &str, n: u32) -> String {
        id(self.plan.seed, self.index, kind, n)
    }

    /// The patient whose data or identity this patient's traps expose.
    fn other(&self) -> u32 {
        (self.index + 1) % self.plan.patients.max(2)
    }

    fn practitioner(&self) -> Value {
        json!({"reference": format!("Practitioner/{}", shared_id(self.plan.seed, "practitioner"))})
    }

    fn patient(&mut self) {
        let (given, family) = names(&mut self.dice, self.index);
        let record = format!("SYN-{:04}-{:06}", self.plan.seed % 10_000, self.index + 1);
        let born = FIRST_DAY - Duration::days(self.dice.between(18 * 365, 85 * 365));
        let gender = *self
            .dice
            .pick(&["female", "male", "female", "male", "other"]);
        self.own.push(json!({
            "resourceType": "Patient",
            "id": self.entry.id,
            "active": true,
            "identifier": [{
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "system": "https://consentry.example/synthetic/mrn",
                "value": record,
            }],
            "name": [{"use": "official", "family": family, "given": [given]}],
            "gender": gender,
            "birthDate": born.to_string(),
            "managingOrganization": {"reference": format!("Organization/{}", shared_id(self.plan.seed, "organization"))},
        }));
        self.entry.identifying = vec![family, record];
        self.body = (self.dice.between(1500, 1950), self.dice.between(520, 1080));
    }

    /// Visits over the years, each with some vital signs and one laboratory panel, until all ordinary Observations
    /// are there.
    fn visits(&mut self) {
        let wanted = self.plan.observations;
        let per_visit = VITALS_PER_VISIT
            + PANELS
                .iter()
                .map(|p| p.analytes.len() as u32)
                .min()
                .unwrap_or(1);
        let visits = wanted.div_ceil(per_visit).max(1);
        let step = (LAST_DAY - FIRST_DAY).whole_days() / i64::from(visits);
        let mut number = 0;
        let mut done = 0;
        while done < wanted {
            let days = (step * i64::from(number) + self.dice.between(0, (step - 1).max(0)))
                .min((LAST_DAY - FIRST_DAY).whole_days());
            self.encounter(number, FIRST_DAY + Duration::days(days));
            // The very first visit leaves room for at least one laboratory result.
            let vitals = vitals_of_visit(wanted - done, number);
            for n in 0..vitals {
                self.vital_sign(done + n, number * VITALS_PER_VISIT + n);
            }
            done += vitals;
            let panel = &PANELS[(number as usize + self.index as usize) % PANELS.len()];
            let size = (panel.analytes.len() as u32).min(wanted - done);
            if size > 0 {
                self.panel(number, panel, done, size);
            }
            done += size;
            number += 1;
        }
    }

    fn encounter(&mut self, number: u32, date: Date) {
        let start = at(
            date,
            8 + self.dice.below(9) as u8,
            5 * self.dice.below(12) as u8,
        );
        let id = self.id("encounter", number);
        self.own.push(json!({
            "resourceType": "Encounter",
            "id": id,
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"},
            "subject": self.subject(),
            "participant": [{"individual": self.practitioner()}],
            "period": {"start": stamp(start), "end": stamp(start + Duration::minutes(30))},
        }));
        self.visit = (start, id);
    }

    fn subject(&self) -> Value {
        json!({"reference": format!("Patient/{}", self.entry.id)})
    }

    fn observation(&self, id: &str, category: &str, code: &str, display: &str) -> Value {
        json!({
            "resourceType": "Observation",
            "id": id,
            "status": "final",
            "category": [{"coding": [{"system": OBSERVATION_CATEGORY, "code": category}]}],
            "code": {"coding": [{"system": LOINC, "code": code, "display": display}], "text": display},
            "subject": self.subject(),
            "encounter": {"reference": format!("Encounter/{}", self.visit.1)},
            "effectiveDateTime": stamp(self.visit.0 + Duration::minutes(10)),
            "issued": stamp(self.visit.0 + Duration::minutes(25)),
            "performer": [self.practitioner()],
        })
    }

    /// Files an Observation of which this patient is the subject.
    fn file(&mut self, id: &str, category: &str, observation: Value) {
        self.entry.observations.push(id.to_owned());
        self.entry
            .by_category
            .entry(category.to_owned())
            .or_default()
            .push(id.to_owned());
        self.own.push(observation);
    }

    fn vital_sign(&mut self, n: u32, turn: u32) {
        let id = self.id("observation", n);
        let kinds = VITAL_SIGNS.len() as u32 + 1;
        let observation = match turn % kinds {
            0 => {
                let (code, display) = BLOOD_PRESSURE;
                let mut observation = self.observation(&id, "vital-signs", code, display);
                let components: Vec<Value> = PRESSURES
                    .iter()
                    .map(|part| {
                        let value = measure(&mut self.dice, part);
                        json!({
                            "code": {"coding": [{"system": LOINC, "code": part.code, "display": part.display}]},
                            "valueQuantity": quantity(&value, part.ucum),
                        })
                    })
                    .collect();
                observation["component"] = Value::Array(components);
                observation
            }
            other => {
                let sign = &VITAL_SIGNS[other as usize - 1];
                let mut observation = self.observation(&id, "vital-signs", sign.code, sign.display);
                let value = match sign.code {
                    BODY_HEIGHT => decimal(self.body.0, 1),
                    BODY_WEIGHT => decimal(self.body.1 + self.dice.between(-25, 25), 1),
                    _ => measure(&mut self.dice, sign),
                };
                observation["valueQuantity"] = quantity(&value, sign.ucum);
                observation
            }
        };
        self.file(&id, "vital-signs", observation);
    }

    fn panel(&mut self, number: u32, panel: &Panel, first: u32, size: u32) {
        let mut results = Vec::new();
        let mut lines = Vec::new();
        for (n, analyte) in panel.analytes.iter().take(size as usize).enumerate() {
            let id = self.id("observation", first + n as u32);
            let value = measure(&mut self.dice, analyte);
            let mut observation =
                self.observation(&id, "laboratory", analyte.code, analyte.display);
            observation["valueQuantity"] = quantity(&value, analyte.ucum);
            self.file(&id, "laboratory", observation);
            results.push(id);
            lines.push(format!("{}: {value} {}", analyte.display, analyte.ucum));
        }
        let id = self.id("report", number);
        let report = self.report(&id, (panel.code, panel.display), &results, &lines);
        self.entry.diagnostic_reports.push(id);
        self.own.push(report);
    }

    fn report(
        &self,
        id: &str,
        (code, display): (&str, &str),
        results: &[String],
        lines: &[String],
    ) -> Value {
        json!({
            "resourceType": "DiagnosticReport",
            "id": id,
            "text": {"status": "generated", "div": narrative(display, lines)},
            "status": "final",
            "category": [{"coding": [{"system": SERVICE_SECTION, "code": "LAB", "display": "Laboratory"}]}],
            "code": {"coding": [{"system": LOINC, "code": code, "display": display}], "text": display},
            "subject": self.subject(),
            "encounter": {"reference": format!("Encounter/{}", self.visit.1)},
            "effectiveDateTime": stamp(self.visit.0 + Duration::minutes(10)),
            "issued": stamp(self.visit.0 + Duration::minutes(28)),
            "performer": [self.practitioner()],
            "result": results.iter().map(|id| json!({"reference": format!("Observation/{id}")})).collect::<Vec<_>>(),
        })
    }

    /// All sensitive tests, and an unlabelled report over the HIV ones.
    fn sensitive(&mut self) {
        let mut hiv = Vec::new();
        for (n, test) in SENSITIVE.iter().enumerate() {
            let id = self.id("sensitive", n as u32);
            let observation = self.sensitive_test(&id, test);
            self.file(&id, test.category, observation);
            let reference = format!("Observation/{id}");
            let known = self
                .entry
                .sensitive
                .entry(test.sensitivity.to_owned())
                .or_default();
            if test.labelled {
                &mut known.labelled
            } else {
                &mut known.by_code
            }
            .push(reference);
            if test.sensitivity == "HIV" {
                hiv.push(id);
            }
        }
        let id = self.id("sensitive-report", 0);
        let report = self.report(
            &id,
            ("11502-2", "Laboratory report"),
            &hiv,
            &["See the results referred to.".to_owned()],
        );
        self.own.push(report);
        let reference = format!("DiagnosticReport/{id}");
        self.entry.diagnostic_reports.push(id);
        self.entry
            .sensitive
            .entry("HIV".to_owned())
            .or_default()
            .by_reference
            .push(reference);
    }

    fn sensitive_test(&mut self, id: &str, test: &SensitiveTest) -> Value {
        let mut observation = self.observation(id, test.category, test.code, test.display);
        if test.labelled {
            observation["meta"] = json!({"security": [
                {"system": CONFIDENTIALITY, "code": "R", "display": "restricted"},
                {"system": ACT_CODE, "code": test.sensitivity},
            ]});
        }
        match test.outcome {
            Outcome::Quantity { ucum, low, high } => {
                observation["valueQuantity"] =
                    quantity(&self.dice.between(low, high).to_string(), ucum);
            }
            Outcome::Coded { code, display } => {
                observation["valueCodeableConcept"] =
                    json!({"coding": [{"system": SNOMED, "code": code, "display": display}]});
            }
            Outcome::Text(words) => observation["valueCodeableConcept"] = json!({"text": words}),
        }
        observation
    }

    /// One resource that must not come through.
    fn trap(&mut self, kind: Profile) {
        let other = self.other();
        let other_patient = format!("Patient/{}", patient_id(self.plan, other));
        let id = self.id("trap", 0);
        let (kind_of_resource, exposes) = match kind {
            Profile::ReportForeignResult => {
                let theirs = first_laboratory_observation(self.plan, other);
                let results = [
                    self.id("observation", vitals_of_visit(self.plan.observations, 0)),
                    theirs,
                ];
                let report = self.report(
                    &id,
                    ("11502-2", "Laboratory report"),
                    &results,
                    &["Two results.".to_owned()],
                );
                self.own.push(report);
                self.entry.diagnostic_reports.push(id.clone());
                ("DiagnosticReport", Some(other_patient))
            }
            Profile::ObservationWithoutSubject => {
                let mut observation = self.heart_rate(&id);
                if let Some(members) = observation.as_object_mut() {
                    members.remove("subject");
                    members.remove("encounter");
                }
                self.own.push(observation);
                ("Observation", None)
            }
            Profile::ObservationForeignPerformer => {
                let mut observation = self.heart_rate(&id);
                observation["performer"] = json!([{"reference": other_patient}]);
                self.file(&id, "vital-signs", observation);
                ("Observation", Some(other_patient))
            }
            Profile::ObservationContainedPatient => {
                let (given, family) = names(&mut Dice::new(self.plan.seed, other), other);
                let mut observation = self.heart_rate(&id);
                observation["contained"] = json!([{
                    "resourceType": "Patient",
                    "id": "relative",
                    "name": [{"family": family, "given": [given]}],
                }]);
                observation["performer"] = json!([{"reference": "#relative"}]);
                self.file(&id, "vital-signs", observation);
                ("Observation", Some(other_patient))
            }
            Profile::Plain | Profile::Sensitive => return,
        };
        self.entry.traps.push(Trap {
            kind,
            resource: format!("{kind_of_resource}/{id}"),
            exposes,
        });
    }

    fn heart_rate(&mut self, id: &str) -> Value {
        let sign = &VITAL_SIGNS[0];
        let mut observation = self.observation(id, "vital-signs", sign.code, sign.display);
        observation["valueQuantity"] = quantity(&measure(&mut self.dice, sign), sign.ucum);
        observation
    }
}

/// A patient's names: the first two draws of the patient's stream.
fn names(dice: &mut Dice, index: u32) -> (&'static str, String) {
    let given = *dice.pick(GIVEN);
    (given, format!("{}{:05}", dice.pick(FAMILY), index + 1))
}

fn patient_id(plan: &Plan, index: u32) -> String {
    id(plan.seed, index, "patient", 0)
}

/// How many of the `left` Observations are vital signs of visit `number`.
fn vitals_of_visit(left: u32, number: u32) -> u32 {
    VITALS_PER_VISIT.min(if number == 0 {
        left.saturating_sub(1)
    } else {
        left
    })
}

fn first_laboratory_observation(plan: &Plan, index: u32) -> String {
    id(
        plan.seed,
        index,
        "observation",
        vitals_of_visit(plan.observations, 0),
    )
}

const fn day(year: i32, month: Month, day: u8) -> Date {
    match Date::from_calendar_date(year, month, day) {
        Ok(date) => date,
        Err(_) => panic!("not a date"),
    }
}
