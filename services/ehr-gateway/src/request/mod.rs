//! What may be asked ([`table`]) and what was asked ([`intent`]).

pub mod intent;
pub mod table;
