//! [`Invalid`]: the verdict that some input breaks a rule.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Why an input is refused: a verdict on the input, not a fault of the node.
///
/// * `rule` is one word or two, stable, for machines: `seal`, `reward`, `signature`.
/// * `message` is one sentence for people, without the rule's name.
/// * `plugin` and `version` are filled in by the node: which plugin was asked.
/// * `penalty` counts against the address from which the node *fetched* the input; 100 is a ban.
/// * `transient`: the same input may be valid later, or elsewhere; it is not remembered as bad.
/// * It is as small as a pointer, so that a rule's answer, which is seldom one, costs little to hand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Invalid(Box<Reason>);

/// What an [`Invalid`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which rule is broken.
    pub rule: Cow<'static, str>,
    /// The plugin that says so; empty until the node fills it in.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub plugin: Box<str>,
    /// That plugin's version; empty until the node fills it in.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub version: Box<str>,
    /// One sentence for people.
    pub message: Box<str>,
    /// What was found, where that means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Box<str>>,
    /// What the rule demands, where that means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Box<str>>,
    /// Points against the address it was fetched from.
    #[serde(default)]
    pub penalty: u32,
    /// Whether the same input may be accepted later.
    #[serde(default)]
    pub transient: bool,
}

/// The penalty of a lie that honest software can't produce.
pub const PENALTY_BAN: u32 = 100;

impl Invalid {
    /// Makes a verdict that counts as a lie ([`PENALTY_BAN`]) until told otherwise.
    pub fn new(rule: impl Into<Cow<'static, str>>, message: impl Into<Box<str>>) -> Self {
        Self(Box::new(Reason {
            rule: rule.into(),
            plugin: Box::default(),
            version: Box::default(),
            message: message.into(),
            observed: None,
            required: None,
            penalty: PENALTY_BAN,
            transient: false,
        }))
    }

    /// Adds what was found.
    #[must_use]
    pub fn observed(mut self, observed: impl fmt::Display) -> Self {
        self.observed = Some(observed.to_string().into());
        self
    }

    /// Adds what the rule demands.
    #[must_use]
    pub fn required(mut self, required: impl fmt::Display) -> Self {
        self.required = Some(required.to_string().into());
        self
    }

    /// Sets the points it costs.
    #[must_use]
    pub fn penalty(mut self, penalty: u32) -> Self {
        self.penalty = penalty;
        self
    }

    /// Marks it as refused for now: no offence, and perhaps valid later.
    #[must_use]
    pub fn for_now(mut self) -> Self {
        self.transient = true;
        self.penalty = 0;
        self
    }

    /// Names the plugin that gave the verdict and its version, unless they are named already.
    #[must_use]
    pub fn by(mut self, plugin: &str, version: &str) -> Self {
        if self.plugin.is_empty() {
            self.plugin = plugin.into();
            self.version = version.into();
        }
        self
    }
}

impl Deref for Invalid {
    type Target = Reason;

    fn deref(&self) -> &Reason {
        &self.0
    }
}

impl DerefMut for Invalid {
    fn deref_mut(&mut self) -> &mut Reason {
        &mut self.0
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)?;
        if let Some(observed) = &self.observed {
            write!(f, "; observed {observed}")?;
        }
        if let Some(required) = &self.required {
            write!(f, "; required {required}")?;
        }
        Ok(())
    }
}

/// A rule's answer to "is this valid?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Verdict {
    /// The rule is kept.
    Valid,
    /// The rule is broken.
    Invalid(Invalid),
}

impl Verdict {
    /// Whether the rule is kept.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Valid)
    }

    /// The verdict as a `Result`, for `?`.
    ///
    /// # Errors
    /// The [`Invalid`] inside, if the rule is broken.
    pub fn into_result(self) -> Result<(), Invalid> {
        match self {
            Self::Valid => Ok(()),
            Self::Invalid(invalid) => Err(invalid),
        }
    }
}

impl From<Invalid> for Verdict {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
