//! From records to locked objects.

pub mod adopt;
pub mod segment;
pub mod store;

pub use adopt::{Adoption, Mismatch, Step};
pub use segment::{Limits, Sealed, Segment, SegmentKey};
pub use store::{PutOutcome, Store, StoreError, StoredObject};

/// The lines of an object's body. A newline at its end, as other writers may add, starts no line.
pub fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.strip_suffix(b"\n")
        .unwrap_or(body)
        .split(|byte| *byte == b'\n')
}
