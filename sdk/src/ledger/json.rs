//! Reading the ledger's objects from JSON, strictly: objects only, no escapes, texts borrowed.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::fmt;
use std::marker::PhantomData;

use crate::Invalid;

/// A `T` read from a JSON object; serde's derived structs alone would take an array as well.
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Only(PhantomData))
    }
}

/// A string that stands in the JSON as it is: an escape is refused, since the text is hashed.
pub(super) struct Plain<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Plain<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Plain<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Plain(text))
            }
            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(E::custom(
                    "a string with an escape, which the ledger's strings never have",
                ))
            }
        }
        deserializer.deserialize_str(Borrowed)
    }
}

/// Reads one object from the whole of a JSON text.
///
/// # Errors
/// [`Invalid`] with the rule `form` and what the JSON reader says.
pub(super) fn read<'a, T: Deserialize<'a>>(what: &str, json: &'a str) -> Result<T, Invalid> {
    serde_json::from_str::<Object<T>>(json)
        .map(|object| object.0)
        .map_err(|error| Invalid::new("form", format!("not a {what}: {error}")))
}
