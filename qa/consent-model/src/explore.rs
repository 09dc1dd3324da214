//! Exhaustive search with an adversary who orders everything.
//!
//! A world is a chain since its last final state, and what people have signed so far. In each world
//!
//! - honest people look at the chain and sign: openings on final or on latest state, stops on the latest,
//! - the relayer delivers anything signed, at any time, as often as it likes, or never; a direct transaction is held back
//!   like a signature, but lands at most once on a chain,
//! - the grantee requests and relinquishes at will; anyone records lapses; time passes,
//! - the chain becomes final link by link, or drops any number of links that are not.
//!
//! Breadth first, so a broken promise is told by a shortest story. What is promised stands in `laws`, who may do what in
//! each world in `catalogue`.

mod catalogue;
mod laws;
mod scenario;
mod search;
mod signing;
mod steps;
mod tell;
mod wallet;
mod world;

pub use catalogue::catalogue;
pub use laws::Violation;
pub use scenario::{Bounds, Decision, Expectation, Form, Person, Scenario, Seen, StopReach};
pub use search::{Report, explore};
