//! `/language`: the switch at the foot of each page.

use axum::response::Response;

use crate::pages::browser::OwnForm;
use crate::pages::error::PageError;
use crate::pages::language::Language;
use crate::pages::wants::Place;
use crate::pages::{see_other, with_cookie};

/// The same page in another language, from now on.
pub async fn post(form: OwnForm) -> Result<Response, PageError> {
    let wanted = form.fields.get("language")?;
    let language = Language::ALL
        .into_iter()
        .find(|language| language.tag() == wanted)
        .ok_or(PageError::BadForm)?;
    let place = Place::parse(form.fields.get("place")?).ok_or(PageError::BadForm)?;
    Ok(with_cookie(see_other(place.as_str()), language.keep()))
}
