//! Cursor pagination: the cursor is the last id of the page before, wrapped so that nobody builds on its form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use service_kit::Problem;
use utoipa::IntoParams;

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Which rows to read.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows after this id; empty for the first page.
    pub after: String,
    /// At most so many.
    pub limit: i64,
}

/// Whether it can be the id of anything that is listed.
fn is_cursor(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

impl TryFrom<PageQuery> for Page {
    type Error = Problem;

    fn try_from(query: PageQuery) -> Result<Self, Problem> {
        Self::of(query.limit, query.cursor)
    }
}

impl Page {
    /// The page after a cursor.
    ///
    /// # Errors
    /// 400 when the limit is out of bounds or the cursor was never one.
    pub fn of(limit: Option<i64>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::bad_request(
                "invalid-parameter",
                "limit must be 1 to 200.",
            ));
        }
        let after = match cursor {
            None => String::new(),
            Some(cursor) => URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .filter(|id| is_cursor(id))
                .ok_or_else(|| {
                    Problem::bad_request(
                        "invalid-parameter",
                        "cursor is not one that a page before named.",
                    )
                })?,
        };
        Ok(Self { after, limit })
    }

    /// How many rows to read: one more than wanted shows whether there is a next page.
    pub fn probe(&self) -> i64 {
        self.limit + 1
    }

    /// Cuts the extra row off and says where the next page begins.
    pub fn cut<T>(&self, rows: &mut Vec<T>, id: impl Fn(&T) -> &str) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(|row| URL_SAFE_NO_PAD.encode(id(row)))
    }
}
