//! Members of a JSON object, read strictly: each by its name, each of the right form, and none besides.

use alloy::primitives::{Address, B256, Bytes, Uint, hex};
use serde_json::{Map, Value};

use super::WireError;

/// A value that a member holds.
pub(super) trait Member: Sized {
    /// What the member must be, for whoever sent something else.
    const FORM: &'static str;

    fn read(value: &Value) -> Option<Self>;

    fn write(&self) -> Value;
}

/// The members of one object. Whoever has taken all they know calls [`Members::finish`].
pub(super) struct Members<'a> {
    object: &'a Map<String, Value>,
    parent: &'static str,
    taken: usize,
}

impl<'a> Members<'a> {
    pub(super) fn of(value: &'a Value, parent: &'static str) -> Result<Self, WireError> {
        let object = value.as_object().ok_or(WireError::Form {
            member: parent,
            form: "an object",
        })?;
        Ok(Self {
            object,
            parent,
            taken: 0,
        })
    }

    /// The raw value of a member.
    pub(super) fn value(&mut self, member: &'static str) -> Result<&'a Value, WireError> {
        let value = self.object.get(member).ok_or(WireError::Missing(member))?;
        self.taken += 1;
        Ok(value)
    }

    pub(super) fn take<T: Member>(&mut self, member: &'static str) -> Result<T, WireError> {
        let value = self.value(member)?;
        T::read(value).ok_or(WireError::Form {
            member,
            form: T::FORM,
        })
    }

    pub(super) fn finish(self) -> Result<(), WireError> {
        if self.taken == self.object.len() {
            Ok(())
        } else {
            Err(WireError::Unknown(self.parent))
        }
    }
}

/// The bytes of `0x` and an even number of hex digits.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    // The decoder would take a second prefix.
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| hex::decode(digits).ok())?
}

impl Member for Bytes {
    const FORM: &'static str = "0x and an even number of hex digits";

    fn read(value: &Value) -> Option<Self> {
        bytes(value).map(Into::into)
    }

    fn write(&self) -> Value {
        hex::encode_prefixed(self).into()
    }
}

impl Member for Address {
    const FORM: &'static str = "0x and 40 hex digits";

    fn read(value: &Value) -> Option<Self> {
        Self::try_from(bytes(value)?.as_slice()).ok()
    }

    fn write(&self) -> Value {
        self.to_checksum(None).into()
    }
}

impl Member for B256 {
    const FORM: &'static str = "0x and 64 hex digits";

    fn read(value: &Value) -> Option<Self> {
        Self::try_from(bytes(value)?.as_slice()).ok()
    }

    fn write(&self) -> Value {
        hex::encode_prefixed(self).into()
    }
}

impl Member for bool {
    const FORM: &'static str = "true or false";

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Member for u8 {
    const FORM: &'static str = "an integer from 0 to 255";

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Member for u32 {
    const FORM: &'static str = "an integer from 0 to 4294967295";

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Member for Uint<24, 1> {
    const FORM: &'static str = "an integer from 0 to 16777215";

    fn read(value: &Value) -> Option<Self> {
        Self::try_from(value.as_u64()?).ok()
    }

    fn write(&self) -> Value {
        self.to::<u64>().into()
    }
}

impl Member for Uint<40, 1> {
    const FORM: &'static str = "an integer from 0 to 1099511627775";

    fn read(value: &Value) -> Option<Self> {
        Self::try_from(value.as_u64()?).ok()
    }

    fn write(&self) -> Value {
        self.to::<u64>().into()
    }
}
