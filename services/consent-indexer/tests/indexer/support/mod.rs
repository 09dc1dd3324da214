//! The real things a test needs: a chain, a database of its own, an issuer of tokens and the indexer's process.

pub mod chain;
pub mod indexer;
pub mod issuer;
pub mod oracle;

pub use chain::Anvil;
pub use indexer::{Indexer, Settings};
pub use issuer::Issuer;
pub use test_support::{Database, PATIENCE, Process, free_address, required, until};

/// A chain with the registry, a database and an issuer; the indexer is started by the test.
pub struct World {
    pub anvil: Anvil,
    pub database: Database,
    pub issuer: Issuer,
}

impl World {
    pub async fn new() -> Self {
        let (anvil, database, issuer) =
            tokio::join!(Anvil::start(&[]), Database::create(), Issuer::start());
        anvil.deploy().await;
        Self {
            anvil,
            database,
            issuer,
        }
    }

    pub fn settings(&self) -> Settings {
        Settings::new(&self.anvil, &self.database, &self.issuer)
    }

    /// Starts the indexer and waits until it serves the chain's head.
    pub async fn indexer(&self) -> Indexer {
        let indexer = Indexer::start(&self.settings(), &self.issuer).await;
        self.caught_up(&indexer).await;
        indexer
    }

    /// Waits until the indexer has applied the chain's present head and says so.
    pub async fn caught_up(&self, indexer: &Indexer) {
        let head = self.anvil.head().await;
        until(
            &format!("the indexer to reach block {}", head.0),
            async || {
                let chain = indexer.get("/v1/chain").await;
                chain.status == 200
                    && chain.body["indexed"]["blockHash"] == head.1
                    && indexer.get("/health/ready").await.status == 200
            },
        )
        .await;
    }
}

/// A small deterministic generator (xorshift64).
pub struct Random(u64);

impl Random {
    /// From a seed, which must not be 0.
    pub fn new(seed: u64) -> Self {
        assert_ne!(seed, 0, "a generator that only ever says 0");
        Self(seed)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, of_a_hundred: u64) -> bool {
        self.below(100) < of_a_hundred
    }

    /// Any of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}
