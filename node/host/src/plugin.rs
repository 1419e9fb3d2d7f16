//! [`Plugin`]: a plugin that can be had, compiled in or loaded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plugcoin_sdk::Error;
use plugcoin_sdk::abi::Library;
use plugcoin_sdk::plugin::{About, Provided, Registration, Setup};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::guard::panicked;

/// A plugin that can be had.
///
/// * Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    about: About,
    source: Source,
}

enum Source {
    CompiledIn(&'static Registration),
    Loaded { library: Library, file: LoadedFile },
}

/// The file that a plugin was loaded from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedFile {
    /// Its path, as it was found.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, as lower-case hex.
    pub digest: String,
}

/// How a plugin came into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// It was linked into it.
    #[serde(rename = "compiled in")]
    CompiledIn,
    /// It was loaded from a file.
    #[serde(rename = "loaded")]
    Loaded,
}

impl Plugin {
    pub(crate) fn compiled_in(registration: &'static Registration) -> Self {
        Self(Arc::new(Inner {
            about: registration.about(),
            source: Source::CompiledIn(registration),
        }))
    }

    pub(crate) fn loaded(about: About, library: Library, file: LoadedFile) -> Self {
        Self(Arc::new(Inner {
            about,
            source: Source::Loaded { library, file },
        }))
    }

    /// What it says of itself.
    pub fn about(&self) -> &About {
        &self.0.about
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.about.name
    }

    /// How it came into the program.
    pub fn form(&self) -> Form {
        match &self.0.source {
            Source::CompiledIn(_) => Form::CompiledIn,
            Source::Loaded { .. } => Form::Loaded,
        }
    }

    /// The file that it was loaded from.
    pub fn file(&self) -> Option<&LoadedFile> {
        match &self.0.source {
            Source::CompiledIn(_) => None,
            Source::Loaded { file, .. } => Some(file),
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        let of_file = |path: &Path| path.display().to_string();
        self.file()
            .map_or_else(|| "compiled in".to_owned(), |file| of_file(&file.path))
    }

    /// All its options with the values that hold under this set-up.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](plugcoin_sdk::ErrorKind::Configuration) for an unknown option or
    /// an ill-typed value.
    pub(crate) fn resolve(&self, setup: &Setup) -> Result<Map<String, Value>, Error> {
        match &self.0.source {
            Source::CompiledIn(registration) => (registration.resolve)(setup),
            Source::Loaded { library, .. } => library.resolve(setup),
        }
    }

    /// Makes it.
    ///
    /// # Errors
    /// Whatever it says.
    pub(crate) fn create(&self, setup: &Setup) -> Result<Provided, Error> {
        match &self.0.source {
            Source::CompiledIn(registration) => {
                let create = AssertUnwindSafe(|| (registration.create)(setup));
                catch_unwind(create).unwrap_or_else(|panic| Err(panicked(&*panic)))
            }
            Source::Loaded { library, .. } => library.create(setup, &self.0.about),
        }
    }
}
