//! The `[set]` table of the file: plugins' options.

use plugcoin_host::Setting;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;

/// Reads `"zeros.zeros" = 5`, or a table for each plugin: `[set.zeros] zeros = 5`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Setting>, D::Error> {
    let mut settings = Vec::new();
    for (name, value) in toml::Table::deserialize(deserializer)? {
        match (name.split_once('.'), value) {
            (Some((plugin, option)), value) => settings.push(setting(plugin, option, value)?),
            (None, toml::Value::Table(options)) => {
                for (option, value) in options {
                    settings.push(setting(&name, &option, value)?);
                }
            }
            (None, _) => {
                return Err(D::Error::custom(format!(
                    "`{name}` names no option of a plugin; write zeros.zeros = 5"
                )));
            }
        }
    }
    Ok(settings)
}

fn setting<E: Error>(plugin: &str, option: &str, value: toml::Value) -> Result<Setting, E> {
    let value = json(value)
        .ok_or_else(|| E::custom(format!("{plugin}.{option} has a value that is no number")))?;
    Ok(Setting {
        plugin: plugin.to_owned(),
        option: option.to_owned(),
        value,
    })
}

/// The same value as JSON, which knows neither times nor what is not a number.
fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(number)?),
        toml::Value::Boolean(yes) => yes.into(),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => {
            Value::Array(items.into_iter().map(json).collect::<Option<_>>()?)
        }
        toml::Value::Table(items) => Value::Object(
            items
                .into_iter()
                .map(|(name, item)| Some((name, json(item)?)))
                .collect::<Option<_>>()?,
        ),
    })
}
