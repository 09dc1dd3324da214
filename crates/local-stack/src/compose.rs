//! What docker-compose.yml needs and must not hold: generated keys and passwords.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use crate::folders::write_private;
use crate::layout::{Addresses, Layout, LayoutError};
use crate::secrets::Secrets;
use crate::seed;

/// Addresses inside the compose network: every part is reached by its name, on the same port as anywhere. The issuer's is
/// the one that browsers know, outside.
///
/// # Errors
/// When the layout names no issuer.
pub fn addresses(layout: &Layout) -> Result<Addresses, LayoutError> {
    let components = layout
        .components
        .iter()
        .map(|(name, part)| (name, part.port));
    let services = layout.services.iter().map(|(name, part)| (name, part.port));
    let named = |(name, port): (&String, u16)| (name.clone(), format!("{name}:{port}"));
    let issuer = ("issuer".to_owned(), layout.issuer_host(0)?);
    Ok(Addresses {
        hosts: components
            .chain(services)
            .map(named)
            .chain([issuer])
            .collect(),
        bind: "0.0.0.0".into(),
        ..Addresses::default()
    })
}

/// Writes keys, the file of clients, the object store's users and the variables that
/// docker-compose.yml asks for. Returns the file of variables.
///
/// # Errors
/// When a file cannot be written.
pub fn write_secrets(folder: &Path, layout: &Layout) -> Result<PathBuf> {
    let secrets = Secrets::load_or_generate(folder, layout)?;
    let clients = seed::clients::registrations(layout, &secrets, &addresses(layout)?)?;
    write_private(
        &folder.join("clients.json"),
        &serde_json::to_string_pretty(&clients)?,
    )?;
    let users = json!({"identities": [{
        "name": "consentry",
        "credentials": [{"accessKey": secrets.s3_access_key, "secretKey": secrets.s3_secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }]});
    write_private(
        &folder.join("s3.json"),
        &serde_json::to_string_pretty(&users)?,
    )?;
    let contracts = seed::chain::Contracts::of(&seed::chain::exported(layout.chain.id)?)?;
    let mut text = String::from("# Development only. Written by local-stack secrets.\n");
    let mut variable = |name: &str, value: &str| writeln!(text, "{name}={value}");
    for (name, address) in contracts.values() {
        variable(
            &format!("{}_ADDRESS", name.to_uppercase().replace('-', "_")),
            &address,
        )?;
    }
    variable("POSTGRES_PASSWORD", &secrets.postgres_admin)?;
    for (database, password) in &secrets.databases {
        variable(
            &format!("POSTGRES_{}_PASSWORD", database.to_uppercase()),
            password,
        )?;
    }
    variable("S3_ACCESS_KEY", &secrets.s3_access_key)?;
    variable("S3_SECRET_KEY", &secrets.s3_secret_key)?;
    let file = folder.join("compose.env");
    write_private(&file, &text)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_compose_requires_is_written() {
        let compose = include_str!("../../../docker-compose.yml");
        let layout = Layout::parse(include_str!("../../../infra/stack.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let env = std::fs::read_to_string(write_secrets(folder.path(), &layout).unwrap()).unwrap();
        let required = compose
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split_once(":?"))
            .map(|(name, _)| name);
        let mut seen = 0;
        for name in required {
            assert!(
                env.lines()
                    .any(|line| line.starts_with(&format!("{name}="))),
                "{name} is not in {env}"
            );
            seen += 1;
        }
        assert!(seen > 0);
        let clients = std::fs::read_to_string(folder.path().join("clients.json")).unwrap();
        assert!(clients.contains("http://ehr-gateway:7003"), "{clients}");
    }
}
