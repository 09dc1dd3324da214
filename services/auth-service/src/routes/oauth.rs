//! The OAuth routes beside the token endpoint.

pub mod apps;
pub mod authorize;
pub mod introspect;
pub mod logout;
pub mod par;
pub mod revoke;
pub mod userinfo;
