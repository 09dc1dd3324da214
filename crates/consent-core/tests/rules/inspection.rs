//! What is let through: each member of the policy on each returned resource, and the traps.

use crate::support::*;
use consent_core::decide::{CategoryFilter, Fault, Known, Permit, Verdict, Withheld, decide};
use consent_core::policy::{Period, Policy, Sensitivity, Terms};
use serde_json::{Value, json};

fn permit(resource_type: &str, terms: Terms) -> Permit {
    let policy = policy(1, terms);
    decide(
        &request(resource_type),
        &facts(vec![(consent(&policy), policy)]),
        NOW,
    )
    .unwrap()
}

fn inspect(permit: &Permit, resource: &Value) -> Verdict {
    permit.inspect(&Known::default(), resource)
}

fn is_released(permit: &Permit, resource: &Value) -> bool {
    matches!(inspect(permit, resource), Verdict::Release(_))
}

fn period(start: Option<&str>, end: Option<&str>) -> Period {
    let document = json!({"v": 1, "salt": format!("0x{}", "00".repeat(32)), "purpose": ["TREAT"], "actions": ["read"],
        "resources": [{"type": "Observation"}], "exclude": [], "period": {"start": start, "end": end}});
    Policy::parse(document.to_string().as_bytes())
        .unwrap()
        .terms()
        .period
}

#[test]
fn the_patients_own_observation_is_released() {
    assert!(is_released(&permit("Observation", terms()), &observation()));
}

#[test]
fn whoever_else_it_is_about_the_whole_answer_is_denied() {
    let permit = permit("Observation", terms());
    let subjects = [
        json!({"reference": "Patient/p2"}),
        json!({"reference": "Patient/P1"}),
        json!({"reference": "http://other.example/r4/Patient/p1"}),
        json!({"reference": "Group/p1"}),
        json!({"reference": "urn:uuid:p1"}),
        json!({"reference": "#p1"}),
        json!({"reference": "Patient?identifier=p1"}),
        json!({"reference": "Patient/p1", "type": "Group"}),
        json!({"identifier": {"value": "p1"}, "type": "Patient"}),
        json!({"display": "p1"}),
        json!([{"reference": "Patient/p1"}]),
        json!("Patient/p1"),
        json!(null),
    ];
    for subject in subjects {
        let resource = with(observation(), "subject", subject);
        assert_eq!(
            inspect(&permit, &resource),
            Verdict::Foreign(Fault::OtherPatient),
            "{resource}"
        );
    }
    let mut without = observation();
    without.as_object_mut().unwrap().remove("subject");
    assert_eq!(
        inspect(&permit, &without),
        Verdict::Foreign(Fault::OtherPatient)
    );
    for same in ["http://fhir.example/r4/Patient/p1", "Patient/p1/_history/2"] {
        assert!(is_released(
            &permit,
            &with(observation(), "subject", json!({"reference": same}))
        ));
    }
}

#[test]
fn a_second_patient_anywhere_denies_the_whole_answer() {
    let permit = permit("Observation", terms());
    for (member, value) in [
        ("performer", json!([{"reference": "Patient/p2"}])),
        (
            "focus",
            json!([{"reference": "http://other.example/Patient/p2"}]),
        ),
        (
            "performer",
            json!([{"type": "Patient", "identifier": {"value": "2"}}]),
        ),
        (
            "extension",
            json!([{"url": "x", "valueReference": {"reference": "Patient/p2"}}]),
        ),
        (
            "note",
            json!([{"authorReference": {"reference": "Patient?name=x"}}]),
        ),
    ] {
        let resource = with(observation(), member, value);
        assert_eq!(
            inspect(&permit, &resource),
            Verdict::Foreign(Fault::OtherPatient),
            "{resource}"
        );
    }
    let own = with(
        observation(),
        "performer",
        json!([{"reference": "Patient/p1"}]),
    );
    assert!(is_released(&permit, &own));
}

#[test]
fn another_type_or_anything_contained_denies_the_whole_answer() {
    let permit = permit("Observation", terms());
    let other = with(observation(), "resourceType", json!("Condition"));
    assert_eq!(inspect(&permit, &other), Verdict::Foreign(Fault::OtherType));
    for (member, value) in [
        ("contained", json!([{"resourceType": "Patient", "id": "x"}])),
        ("contained", json!({})),
        (
            "extension",
            json!([{"valueX": {"resourceType": "Patient"}}]),
        ),
    ] {
        let resource = with(observation(), member, value);
        assert_eq!(
            inspect(&permit, &resource),
            Verdict::Foreign(Fault::Contained),
            "{resource}"
        );
    }
    assert!(is_released(
        &permit,
        &with(observation(), "contained", json!([]))
    ));
}

#[test]
fn keys_that_readers_may_take_for_others_deny_the_whole_answer() {
    let permit = permit("Observation", terms());
    for key in ["Subject", "sUbject", "Code", "hasmember", "$x", "", "a b"] {
        let resource = with(observation(), key, json!(1));
        assert_eq!(
            inspect(&permit, &resource),
            Verdict::Foreign(Fault::Unreadable),
            "{key:?}"
        );
    }
    let nested = with(observation(), "component", json!([{"Code": 1}]));
    assert_eq!(
        inspect(&permit, &nested),
        Verdict::Foreign(Fault::Unreadable)
    );
    assert!(is_released(
        &permit,
        &with(observation(), "_effectiveDateTime", json!({"id": "x"}))
    ));
}

#[test]
fn what_cannot_be_evaluated_is_withheld() {
    let permit = permit("Observation", terms());
    for (member, value) in [
        (
            "modifierExtension",
            json!([{"url": "http://x/not-this-patient", "valueBoolean": true}]),
        ),
        ("implicitRules", json!("http://x/rules")),
        ("encounter", json!({"reference": "urn:uuid:9"})),
        ("component", json!([{"modifierExtension": [{"url": "x"}]}])),
    ] {
        let resource = with(observation(), member, value);
        assert_eq!(
            inspect(&permit, &resource),
            Verdict::Withhold(Withheld::Unclear),
            "{resource}"
        );
    }
}

#[test]
fn categories_narrow_and_a_missing_one_withholds() {
    let narrowed = Terms {
        resources: vec![scope("Observation", Some(&["vital-signs"]))],
        ..terms()
    };
    let permit = permit("Observation", narrowed);
    let withheld = Verdict::Withhold(Withheld::Category);
    assert_eq!(inspect(&permit, &observation()), withheld);
    let mut without = observation();
    without.as_object_mut().unwrap().remove("category");
    assert_eq!(inspect(&permit, &without), withheld);
    let both = json!([{"coding": [{"code": "laboratory"}]}, {"coding": [{"code": "vital-signs"}]}]);
    assert!(is_released(&permit, &with(observation(), "category", both)));
}

#[test]
fn the_tokens_own_categories_narrow_as_well() {
    let policy = policy(1, terms());
    let facts = facts(vec![(consent(&policy), policy)]);
    let mut asked = request("Observation");
    let mut is_released_to = |system: Option<&str>, code: &str| {
        let filter = CategoryFilter {
            system: system.map(str::to_owned),
            code: code.to_owned(),
        };
        asked.scope_categories = Some(vec![filter]);
        is_released(&decide(&asked, &facts, NOW).unwrap(), &observation())
    };
    assert!(!is_released_to(None, "vital-signs"));
    assert!(is_released_to(None, "laboratory"));
    assert!(is_released_to(
        Some("http://terminology.hl7.org/CodeSystem/observation-category"),
        "laboratory"
    ));
    assert!(!is_released_to(Some("http://other.example"), "laboratory"));
}

#[test]
fn the_period_includes_both_of_its_days_and_every_day_a_date_may_mean() {
    let bounded = Terms {
        period: period(Some("2024-03-05"), Some("2024-03-31")),
        ..terms()
    };
    let permit = permit("Observation", bounded);
    let dated = |member: &str, value: Value| {
        let mut resource = observation();
        resource
            .as_object_mut()
            .unwrap()
            .remove("effectiveDateTime");
        is_released(&permit, &with(resource, member, value))
    };
    for inside in [
        "2024-03-05",
        "2024-03-05T00:00:00Z",
        "2024-03-31T23:59:59.999+14:00",
        "2024-03-31",
    ] {
        assert!(dated("effectiveDateTime", json!(inside)), "{inside}");
    }
    for outside in [
        "2024-03-04T23:59:59Z",
        "2024-04-01",
        "2024-03",
        "2024",
        "",
        "2024-3-5",
        "yesterday",
        "2024-03-05 10:00",
        "2024-02-30",
        "2024-03-05Tevening",
    ] {
        assert!(!dated("effectiveDateTime", json!(outside)), "{outside}");
    }
    assert!(dated("effectiveInstant", json!("2024-03-06T00:00:00Z")));
    assert!(dated(
        "effectivePeriod",
        json!({"start": "2024-03-05", "end": "2024-03-06"})
    ));
    assert!(!dated(
        "effectivePeriod",
        json!({"start": "2024-03-04", "end": "2024-03-06"})
    ));
    assert!(
        !dated("effectivePeriod", json!({"start": "2024-03-06"})),
        "still going on"
    );
    assert!(!dated("effectivePeriod", json!({"end": "2024-03-06"})));
    assert!(!dated("effectiveTiming", json!({"event": ["2024-03-06"]})));
    assert!(
        !dated("issued", json!("2024-03-06T00:00:00Z")),
        "when it was issued is not when it was"
    );
    let two = with(
        observation(),
        "effectivePeriod",
        json!({"start": "2020-01-01", "end": "2020-01-02"}),
    );
    assert!(
        !is_released(&permit, &two),
        "every date given must lie inside"
    );
}

#[test]
fn an_open_end_lets_what_goes_on_through() {
    let permit = permit(
        "Observation",
        Terms {
            period: period(Some("2024-03-05"), None),
            ..terms()
        },
    );
    let mut resource = observation();
    resource
        .as_object_mut()
        .unwrap()
        .remove("effectiveDateTime");
    assert_eq!(
        inspect(&permit, &resource),
        Verdict::Withhold(Withheld::Period)
    );
    assert!(is_released(
        &permit,
        &with(
            resource.clone(),
            "effectivePeriod",
            json!({"start": "2024-03-06"})
        )
    ));
    assert!(is_released(
        &permit,
        &with(resource, "effectiveDateTime", json!("2025"))
    ));
}

#[test]
fn excluded_by_label_by_code_or_for_want_of_either() {
    let permit = permit("Observation", excluding(&[Sensitivity::Hiv]));
    let withheld = Verdict::Withhold(Withheld::Exclusion);
    assert!(is_released(&permit, &observation()));
    let labelled = with(
        observation(),
        "meta",
        json!({"security": [{"code": "HIV"}]}),
    );
    assert_eq!(inspect(&permit, &labelled), withheld);
    let by_code = with(
        observation(),
        "code",
        json!({"coding": [{"system": "http://loinc.org", "code": "20447-9"}]}),
    );
    assert_eq!(inspect(&permit, &by_code), withheld);
    let by_component = with(
        observation(),
        "component",
        json!([{"code": {"coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]}}]),
    );
    assert_eq!(inspect(&permit, &by_component), withheld);
    let local = with(
        observation(),
        "code",
        json!({"coding": [{"system": "http://hospital.example", "code": "1"}]}),
    );
    assert_eq!(inspect(&permit, &local), withheld);
    let other = with(
        observation(),
        "meta",
        json!({"security": [{"code": "PSY"}]}),
    );
    assert!(
        is_released(&permit, &other),
        "only what is excluded is kept back"
    );
}

#[test]
fn a_medication_by_reference_is_withheld_while_anything_is_excluded() {
    let order = json!({"resourceType": "MedicationRequest", "id": "m1", "subject": {"reference": "Patient/p1"},
        "medicationReference": {"reference": "Medication/1"}});
    let shared = |exclude: &[Sensitivity]| permit("MedicationRequest", excluding(exclude));
    assert_eq!(
        inspect(&shared(&[Sensitivity::Hiv]), &order),
        Verdict::Withhold(Withheld::Exclusion)
    );
    assert!(is_released(&shared(&[]), &order));
}

#[test]
fn a_report_goes_with_its_results() {
    let permit = permit("DiagnosticReport", excluding(&[Sensitivity::Hiv]));
    let mut known = Known::default();
    let report = report(&["o1", "o2"]);
    assert_eq!(permit.unknown_parts(&known, &report), ["o1", "o2"]);
    assert_eq!(
        permit.inspect(&known, &report),
        Verdict::Withhold(Withheld::Part)
    );
    permit.note(&mut known, &observation()).unwrap();
    assert_eq!(
        permit.inspect(&known, &report),
        Verdict::Withhold(Withheld::Part)
    );
    permit
        .note(&mut known, &with(observation(), "id", json!("o2")))
        .unwrap();
    assert!(permit.unknown_parts(&known, &report).is_empty());
    assert!(matches!(
        permit.inspect(&known, &report),
        Verdict::Release(_)
    ));

    let hiv = with(
        observation(),
        "code",
        json!({"coding": [{"system": "http://loinc.org", "code": "20447-9"}]}),
    );
    permit
        .note(&mut known, &with(hiv, "id", json!("o2")))
        .unwrap();
    assert_eq!(
        permit.inspect(&known, &report),
        Verdict::Withhold(Withheld::Exclusion)
    );
}

#[test]
fn a_result_that_is_not_known_to_be_this_patients_withholds_whatever_is_excluded() {
    let permit = permit("DiagnosticReport", excluding(&[]));
    assert_eq!(
        inspect(&permit, &report(&["theirs"])),
        Verdict::Withhold(Withheld::Part)
    );
    let theirs = with(observation(), "subject", json!({"reference": "Patient/p2"}));
    assert_eq!(
        permit.note(&mut Known::default(), &theirs),
        Err(Fault::OtherPatient)
    );
    let condition = with(observation(), "resourceType", json!("Condition"));
    assert_eq!(
        permit.note(&mut Known::default(), &condition),
        Err(Fault::OtherType)
    );
}

#[test]
fn parts_of_parts_are_followed_and_a_circle_ends() {
    let permit = permit("DiagnosticReport", excluding(&[Sensitivity::Hiv]));
    let member = |id: &str| json!([{"reference": format!("Observation/{id}")}]);
    let mut known = Known::default();
    permit
        .note(&mut known, &with(observation(), "hasMember", member("o2")))
        .unwrap();
    let report = report(&["o1"]);
    assert_eq!(permit.unknown_parts(&known, &report), ["o2"]);
    let hiv = with(
        observation(),
        "meta",
        json!({"security": [{"code": "HIV"}]}),
    );
    permit
        .note(&mut known, &with(hiv, "id", json!("o2")))
        .unwrap();
    assert_eq!(
        permit.inspect(&known, &report),
        Verdict::Withhold(Withheld::Exclusion)
    );

    let circle = with(
        with(observation(), "id", json!("o2")),
        "hasMember",
        member("o1"),
    );
    permit.note(&mut known, &circle).unwrap();
    assert!(matches!(
        permit.inspect(&known, &report),
        Verdict::Release(_)
    ));
}

#[test]
fn each_policy_is_one_promise_members_of_two_do_not_mix() {
    let laboratory_2020 = Terms {
        resources: vec![scope("Observation", Some(&["laboratory"]))],
        period: period(Some("2020-01-01"), Some("2020-12-31")),
        ..terms()
    };
    let vital_signs = Terms {
        resources: vec![scope("Observation", Some(&["vital-signs"]))],
        ..terms()
    };
    let (a, b) = (policy(1, laboratory_2020), policy(2, vital_signs));
    let facts = facts(vec![(consent(&a), a), (consent(&b), b)]);
    let permit = decide(&request("Observation"), &facts, NOW).unwrap();
    assert_eq!(
        inspect(&permit, &observation()),
        Verdict::Withhold(Withheld::Period)
    );
}

#[test]
fn a_way_without_exclusions_releases_unredacted() {
    let (careful, plain) = (
        policy(1, excluding(&[Sensitivity::Hiv])),
        policy(2, excluding(&[])),
    );
    let resource = with(observation(), "text", json!({"div": "narrative"}));
    let text = resource.to_string();
    let release = |pairs| {
        let permit = decide(&request("Observation"), &facts(pairs), NOW).unwrap();
        match inspect(&permit, &resource) {
            Verdict::Release(redaction) => redaction.apply(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert!(!release(vec![(consent(&careful), careful.clone())]).contains("narrative"));
    assert_eq!(
        release(vec![(consent(&careful), careful), (consent(&plain), plain)]),
        text
    );
}

#[test]
fn a_patient_is_known_by_its_own_id_and_a_merged_one_is_denied() {
    let shared = Terms {
        resources: vec![scope("Patient", None)],
        period: period(Some("2024-01-01"), None),
        exclude: vec![Sensitivity::Hiv],
        ..terms()
    };
    let permit = permit("Patient", shared);
    let patient = json!({"resourceType": "Patient", "id": "p1", "birthDate": "1980-01-01"});
    assert!(is_released(&permit, &patient));
    assert_eq!(
        inspect(&permit, &with(patient.clone(), "id", json!("p2"))),
        Verdict::Foreign(Fault::OtherPatient)
    );
    let merged = json!([{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}]);
    assert_eq!(
        inspect(&permit, &with(patient, "link", merged)),
        Verdict::Foreign(Fault::OtherPatient)
    );
}
