//! The real things a test needs: a chain, a database of its own, the relay's process; and neighbours that can be down.

pub mod anvil;
pub mod neighbours;
pub mod relay;
pub mod sign;

pub use anvil::Anvil;
pub use neighbours::Neighbours;
pub use relay::{Relay, Settings};
pub use sign::{Patient, bound};
pub use test_support::{Database, PATIENCE, Process, free_address, required, until};

/// A chain with the contracts, a database and neighbours; the relay is started by the test.
pub struct World {
    pub anvil: Anvil,
    pub database: Database,
    pub neighbours: Neighbours,
}

impl World {
    pub async fn new(args: &[&str]) -> Self {
        let (anvil, database, neighbours) =
            tokio::join!(Anvil::start(args), Database::create(), Neighbours::start());
        anvil.deploy().await;
        anvil.fund(relay::account()).await;
        Self {
            anvil,
            database,
            neighbours,
        }
    }

    pub fn settings(&self) -> Settings {
        Settings::new(&self.anvil.url, &self.database, &self.neighbours)
    }

    pub async fn relay(&self) -> Relay {
        Relay::start(&self.settings()).await
    }
}
