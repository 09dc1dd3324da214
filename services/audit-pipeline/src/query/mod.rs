//! Answers from the archive.
//!
//! The read model is an index in memory, built from the objects at start and extended after each
//! write. It was preferred to scanning objects at each query because a record may lie in an object
//! of a much later day than its own (a gateway catches up after an outage) and because an event
//! must be counted once over *all* objects: a scan could leave out nothing and would need the
//! same set of ids. The index holds pointers, totals and chain heads, about 250 bytes a record;
//! the records themselves are read from the objects, through a bounded cache. Up to a million
//! records (some 250 MB) are sensible; beyond that the index gives way to Parquet.
//!
//! An instance knows what was archived when it started or was last given a partition, and what it
//! archives itself. Several instances may share the intake; queries go to the one that has all
//! partitions, which is the only one in the deployments of today.

pub mod accesses;
pub mod continuity;
pub mod counts;
pub mod index;
pub mod load;
pub mod reader;
pub mod told;

pub use continuity::Continuity;
pub use index::{Index, Place};
pub use reader::Reader;
