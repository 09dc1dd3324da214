//! How many rows a page has.

use service_kit::Problem;

/// Rows in a page, if the caller does not say.
pub const DEFAULT: u16 = 100;
/// The most rows in a page.
pub const MAX: u16 = 500;

/// What the caller asked for, if a page can have so many.
pub fn checked(asked: Option<u16>) -> Result<u16, Problem> {
    let limit = asked.unwrap_or(DEFAULT);
    if (1..=MAX).contains(&limit) {
        Ok(limit)
    } else {
        let detail = format!("`limit` is 1 to {MAX}.");
        Err(Problem::bad_request("invalid-parameter", detail))
    }
}
