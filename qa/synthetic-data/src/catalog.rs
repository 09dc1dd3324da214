//! What may be measured: LOINC codes, UCUM units and plausible ranges, and which codes are sensitive.

/// LOINC's code system.
pub const LOINC: &str = "http://loinc.org";
/// UCUM's code system.
pub const UCUM: &str = "http://unitsofmeasure.org";
/// HL7 ActCode, where sensitivity labels come from.
pub const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// HL7 Confidentiality.
pub const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// Categories of Observations.
pub const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
/// Diagnostic service sections, the categories of DiagnosticReports.
pub const SERVICE_SECTION: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";

/// One measurable quantity. `low..=high` is in units of the last shown decimal.
pub struct Analyte {
    pub code: &'static str,
    pub display: &'static str,
    pub ucum: &'static str,
    pub low: i64,
    pub high: i64,
    pub decimals: u32,
}

/// A laboratory panel: one DiagnosticReport over its Observations.
pub struct Panel {
    pub code: &'static str,
    pub display: &'static str,
    pub analytes: &'static [Analyte],
}

const fn analyte(
    code: &'static str,
    display: &'static str,
    ucum: &'static str,
    low: i64,
    high: i64,
    decimals: u32,
) -> Analyte {
    Analyte {
        code,
        display,
        ucum,
        low,
        high,
        decimals,
    }
}

/// LOINC code of the body height.
pub const BODY_HEIGHT: &str = "8302-2";
/// LOINC code of the body weight.
pub const BODY_WEIGHT: &str = "29463-7";

/// Vital signs apart from the blood pressure, which has components.
pub const VITAL_SIGNS: &[Analyte] = &[
    analyte("8867-4", "Heart rate", "/min", 52, 104, 0),
    analyte(BODY_WEIGHT, "Body weight", "kg", 480, 1150, 1),
    analyte("8310-5", "Body temperature", "Cel", 361, 378, 1),
    analyte("9279-1", "Respiratory rate", "/min", 11, 20, 0),
    analyte(
        "2708-6",
        "Oxygen saturation in Arterial blood",
        "%",
        94,
        100,
        0,
    ),
    analyte(BODY_HEIGHT, "Body height", "cm", 1480, 1960, 1),
];

/// Systolic and diastolic pressure, the components of `BLOOD_PRESSURE`.
pub const PRESSURES: [Analyte; 2] = [
    analyte("8480-6", "Systolic blood pressure", "mm[Hg]", 98, 148, 0),
    analyte("8462-4", "Diastolic blood pressure", "mm[Hg]", 58, 94, 0),
];

/// Code and display of the blood pressure panel.
pub const BLOOD_PRESSURE: (&str, &str) =
    ("85354-9", "Blood pressure panel with all children optional");

/// Laboratory panels, taken in turn.
pub const PANELS: &[Panel] = &[
    Panel {
        code: "58410-2",
        display: "CBC panel - Blood by Automated count",
        analytes: &[
            analyte(
                "6690-2",
                "Leukocytes [#/volume] in Blood by Automated count",
                "10*3/uL",
                38,
                108,
                1,
            ),
            analyte(
                "789-8",
                "Erythrocytes [#/volume] in Blood by Automated count",
                "10*6/uL",
                400,
                580,
                2,
            ),
            analyte(
                "718-7",
                "Hemoglobin [Mass/volume] in Blood",
                "g/dL",
                115,
                170,
                1,
            ),
            analyte(
                "4544-3",
                "Hematocrit [Volume Fraction] of Blood by Automated count",
                "%",
                340,
                500,
                1,
            ),
            analyte(
                "777-3",
                "Platelets [#/volume] in Blood by Automated count",
                "10*3/uL",
                150,
                400,
                0,
            ),
        ],
    },
    Panel {
        code: "24321-2",
        display: "Basic metabolic 2000 panel - Serum or Plasma",
        analytes: &[
            analyte(
                "2345-7",
                "Glucose [Mass/volume] in Serum or Plasma",
                "mg/dL",
                70,
                140,
                0,
            ),
            analyte(
                "3094-0",
                "Urea nitrogen [Mass/volume] in Serum or Plasma",
                "mg/dL",
                7,
                22,
                0,
            ),
            analyte(
                "2160-0",
                "Creatinine [Mass/volume] in Serum or Plasma",
                "mg/dL",
                60,
                130,
                2,
            ),
            analyte(
                "2951-2",
                "Sodium [Moles/volume] in Serum or Plasma",
                "mmol/L",
                135,
                145,
                0,
            ),
            analyte(
                "2823-3",
                "Potassium [Moles/volume] in Serum or Plasma",
                "mmol/L",
                35,
                51,
                1,
            ),
            analyte(
                "2075-0",
                "Chloride [Moles/volume] in Serum or Plasma",
                "mmol/L",
                98,
                107,
                0,
            ),
        ],
    },
    Panel {
        code: "57698-3",
        display: "Lipid panel with direct LDL - Serum or Plasma",
        analytes: &[
            analyte(
                "2093-3",
                "Cholesterol [Mass/volume] in Serum or Plasma",
                "mg/dL",
                140,
                240,
                0,
            ),
            analyte(
                "2571-8",
                "Triglyceride [Mass/volume] in Serum or Plasma",
                "mg/dL",
                60,
                250,
                0,
            ),
            analyte(
                "18262-6",
                "Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay",
                "mg/dL",
                60,
                160,
                0,
            ),
            analyte(
                "2085-9",
                "Cholesterol in HDL [Mass/volume] in Serum or Plasma",
                "mg/dL",
                35,
                80,
                0,
            ),
        ],
    },
];

/// The value a sensitive test is given.
pub enum Outcome {
    /// A measured quantity, in units of the last shown decimal.
    Quantity {
        ucum: &'static str,
        low: i64,
        high: i64,
    },
    /// One fixed SNOMED CT finding.
    Coded {
        code: &'static str,
        display: &'static str,
    },
    /// Words only.
    Text(&'static str),
}

/// A test whose result is sensitive.
pub struct SensitiveTest {
    /// HL7 ActCode.
    pub sensitivity: &'static str,
    /// Whether `meta.security` says so. When not, only the code does.
    pub labelled: bool,
    pub category: &'static str,
    pub code: &'static str,
    pub display: &'static str,
    pub outcome: Outcome,
}

/// For each sensitivity one labelled and one unlabelled test.
pub const SENSITIVE: &[SensitiveTest] = &[
    SensitiveTest {
        sensitivity: "HIV",
        labelled: true,
        category: "laboratory",
        code: "56888-1",
        display: "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay",
        outcome: Outcome::Coded {
            code: "10828004",
            display: "Positive",
        },
    },
    SensitiveTest {
        sensitivity: "HIV",
        labelled: false,
        category: "laboratory",
        code: "20447-9",
        display: "HIV 1 RNA [#/volume] (viral load) in Serum or Plasma by NAA with probe detection",
        outcome: Outcome::Quantity {
            ucum: "{copies}/mL",
            low: 40,
            high: 90_000,
        },
    },
    SensitiveTest {
        sensitivity: "PSY",
        labelled: true,
        category: "survey",
        code: "70274-6",
        display: "Generalized anxiety disorder 7 item (GAD-7) total score",
        outcome: Outcome::Quantity {
            ucum: "{score}",
            low: 0,
            high: 21,
        },
    },
    SensitiveTest {
        sensitivity: "PSY",
        labelled: false,
        category: "survey",
        code: "44261-6",
        display: "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]",
        outcome: Outcome::Quantity {
            ucum: "{score}",
            low: 0,
            high: 27,
        },
    },
    SensitiveTest {
        sensitivity: "SUD",
        labelled: true,
        category: "laboratory",
        code: "3397-7",
        display: "Cocaine [Presence] in Urine",
        outcome: Outcome::Coded {
            code: "260385009",
            display: "Negative",
        },
    },
    SensitiveTest {
        sensitivity: "SUD",
        labelled: false,
        category: "survey",
        code: "75626-2",
        display: "Total score [AUDIT-C]",
        outcome: Outcome::Quantity {
            ucum: "{score}",
            low: 0,
            high: 12,
        },
    },
    SensitiveTest {
        sensitivity: "SEX",
        labelled: true,
        category: "laboratory",
        code: "2106-3",
        display: "Choriogonadotropin (pregnancy test) [Presence] in Urine",
        outcome: Outcome::Coded {
            code: "260385009",
            display: "Negative",
        },
    },
    SensitiveTest {
        sensitivity: "SEX",
        labelled: false,
        category: "social-history",
        code: "76690-7",
        display: "Sexual orientation",
        outcome: Outcome::Coded {
            code: "20430005",
            display: "Heterosexual",
        },
    },
    SensitiveTest {
        sensitivity: "GDIS",
        labelled: true,
        category: "laboratory",
        code: "38530-2",
        display: "BRCA2 gene mutations found [Identifier] in Blood or Tissue by Molecular genetics method",
        outcome: Outcome::Text("No pathogenic variant found"),
    },
    SensitiveTest {
        sensitivity: "GDIS",
        labelled: false,
        category: "laboratory",
        code: "21636-6",
        display: "BRCA1 gene mutations found [Identifier] in Blood or Tissue by Molecular genetics method",
        outcome: Outcome::Text("Pathogenic variant found"),
    },
];

/// Given names, of no one in particular.
pub const GIVEN: &[&str] = &[
    "Ada", "Bruno", "Chidi", "Dagny", "Emeka", "Farida", "Goran", "Hana", "Iqbal", "Jun", "Katya",
    "Lucia", "Mateo", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tomoko",
];

/// Family names; a number is appended, so that each is unmistakable in a log.
pub const FAMILY: &[&str] = &[
    "Achterberg",
    "Bergstrom",
    "Castellano",
    "Dimitrov",
    "Eriksen",
    "Fontaine",
    "Grabowski",
    "Hakimi",
    "Ivanovic",
    "Jablonski",
    "Kowalczyk",
    "Lindqvist",
    "Marchetti",
    "Nakagawa",
    "Okonkwo",
    "Petrosyan",
    "Quintero",
    "Rasmussen",
    "Szymanski",
    "Takahashi",
];
