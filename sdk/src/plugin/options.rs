//! Typed options: a plugin's struct, with help, default and kind of every field.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, ErrorKind};

/// A plugin's options; made by [`options!`](crate::options).
///
/// * Every option has a default, a line of help, and says whether it changes what is valid or wins.
pub trait Options: Default + Serialize + DeserializeOwned {
    /// What options there are.
    fn specs() -> Vec<OptionSpec>;
}

/// What is known of one option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionSpec {
    /// Its name; `plugin.name` on the command line.
    pub name: String,
    /// Its Rust type, or what was said of it in words.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its default.
    pub default: Value,
    /// One line of help.
    pub help: String,
    /// Whether it changes what is valid or wins, and so counts in the fingerprint.
    pub consensus: bool,
}

impl OptionSpec {
    /// What a value of it is, for people who know no Rust.
    pub fn kind_in_words(&self) -> &str {
        match &*self.kind {
            "bool" => "true or false",
            "String" => "a text",
            "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
            "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number, also below zero",
            "f32" | "f64" => "a number",
            "Amount" => "a sum of coins",
            words => words,
        }
    }
}

/// The options of a plugin that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

impl Options for NoOptions {
    fn specs() -> Vec<OptionSpec> {
        Vec::new()
    }
}

/// Makes a struct of options: each field has a default, a line of help, and its kind.
///
/// * `consensus` before a field: it changes what is valid or wins, and counts in the fingerprint.
/// * `local` before a field: it does not.
/// * `as "one of red, blue"` behind a type of the plugin's own says in words what a value is.
///
/// ```
/// plugcoin_sdk::options! {
///     /// The options of the plugin.
///     pub struct ZerosOptions {
///         /// How many leading zeros a hash must have.
///         consensus zeros: u32 = 4,
///         /// How loud it is.
///         local volume: u8 = 0,
///     }
/// }
/// assert_eq!(ZerosOptions::default().zeros, 4);
/// ```
#[macro_export]
macro_rules! options {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $(
                #[doc = $help:literal]
                $kind:ident $field:ident : $type:ty $(as $words:literal)? = $default:expr
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, $crate::macros::serde::Serialize, $crate::macros::serde::Deserialize)]
        #[serde(crate = "plugcoin_sdk::macros::serde", deny_unknown_fields, default)]
        $visibility struct $name {
            $( #[doc = $help] pub $field: $type, )*
        }
        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }
        impl $crate::plugin::Options for $name {
            fn specs() -> Vec<$crate::plugin::OptionSpec> {
                let defaults = Self::default();
                vec![ $( $crate::plugin::OptionSpec {
                    name: stringify!($field).to_owned(),
                    kind: $crate::options!(@words $type $(, $words)?).to_owned(),
                    default: $crate::macros::serde_json::to_value(&defaults.$field).unwrap_or_default(),
                    help: $help.trim().to_owned(),
                    consensus: $crate::options!(@consensus $kind),
                }, )* ]
            }
        }
    };
    (@consensus consensus) => { true };
    (@consensus local) => { false };
    (@words $type:ty, $words:literal) => { $words };
    (@words $type:ty) => { stringify!($type) };
}

/// Reads a plugin's options from the values that were set; what was not set has its default.
///
/// # Errors
/// [`ErrorKind::Configuration`] for an unknown option or a value of another type, with what is known.
pub(super) fn read<O: Options>(plugin: &str, values: &[(String, Value)]) -> Result<O, Error> {
    let specs = O::specs();
    let defaults = serde_json::to_value(O::default()).unwrap_or_default();
    let mut object = defaults.as_object().cloned().unwrap_or_default();
    for (name, value) in values {
        let Some(spec) = specs.iter().find(|spec| spec.name == *name) else {
            let known: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
            let message = match known.is_empty() {
                true => format!("the plugin {plugin} has no option {name}; it has no options"),
                false => format!(
                    "the plugin {plugin} has no option {name}; its options are: {}",
                    known.join(", ")
                ),
            };
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        object.insert(name.clone(), value.clone());
        if let Err(error) = serde_json::from_value::<O>(Value::Object(object.clone())) {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "{value} is no value for {plugin}.{name}, which is {} (default {}): {error}",
                    spec.kind_in_words(),
                    spec.default
                ),
            ));
        }
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            format!("the options of {plugin} do not fit together"),
        )
        .because(error)
    })
}
