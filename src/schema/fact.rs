//! What was read along with an object but is no attribute of it.

use std::{
    hash::{Hash, Hasher},
    ops::Deref,
};

use serde::Serialize;

/// A fact about the server or the moment that an object was read at: statements are written from
/// it, but two objects do not differ by it, and it is printed nowhere.
#[derive(Clone, Debug, Default)]
pub struct Fact<T>(pub T);

impl<T> PartialEq for Fact<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Hash for Fact<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> Deref for Fact<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Serialize for Fact<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}
