//! People at the pages of the running issuer.

use anyhow::{Context, Result, ensure};
use e2e::people::{Visitor, one_time_code};
use serde_json::json;

use crate::world::World;

/// Administrators sign in with passkeys only, and browsers make those for names only.
pub async fn an_administrator_is_asked_for_a_passkey(world: &World) -> Result<()> {
    let (code, _) = one_time_code(&world.api, &json!({"persona": "admin"})).await?;
    let mut visitor = Visitor::new(&world.api)?;
    let page = visitor.chooses_a_name(&code, "sam.admin").await?;
    let options = page.find("data-options=\"", "\"");
    let options = options.context("no passkey is offered")?.to_owned();
    ensure!(
        page.find("href=\"/enrol/password", "\"").is_none(),
        "an administrator may choose a password"
    );
    let asked = visitor.script(&options, &json!({})).await?;
    let asked = asked.json();
    let site = &asked["options"]["publicKey"]["rp"]["id"];
    ensure!(site == "localhost", "a passkey for {site}: {asked}");
    Ok(())
}
