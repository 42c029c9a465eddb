//! A number that stands for all that is compared of an object.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{LazyLock, OnceLock},
};

use super::Object;

/// The key of all digests, drawn for each process.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A hash (`SipHash`, under a key of this process) of an object's key, attributes, owner, comment,
/// rights and parent, made when it is first asked for.
///
/// Objects with the same one are taken for equal. Two that differ have it with a probability of
/// 2^-64: two schemas of a million objects are compared wrongly once in ten thousand billion times.
/// That all that is compared is hashed follows from how it is: both are derived from the same
/// fields. With debug assertions every such answer is checked.
///
/// Objects with different ones need not differ, and are compared: the text of a connection that
/// cannot be seen equals any.
#[derive(Debug, Default)]
pub struct Digest(OnceLock<u64>);

impl Digest {
    /// The number, for the object that holds it.
    pub(crate) fn of(&self, object: &Object) -> u64 {
        *self.0.get_or_init(|| {
            let mut state = KEY.build_hasher();
            let Object { key, parent, spec, meta, .. } = object;
            (key.kind(), key.name()).hash(&mut state);
            parent.as_ref().map(|parent| (parent.kind(), parent.name())).hash(&mut state);
            meta.hash(&mut state);
            spec.as_ref().digest(&mut state);
            state.finish()
        })
    }
}

/// A clone is there to be changed.
impl Clone for Digest {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::schema::{Meta, kind::Table};

    fn object(name: &str) -> Object {
        Object {
            key: Table::key("public", name),
            parent: None,
            spec: Arc::new(("heap", 1)),
            meta: Meta::default(),
            needs: Vec::new(),
            goes_with: Vec::new(),
            wishes: Vec::new(),
            ordinal: 0,
            digest: Digest::default(),
        }
    }

    #[test]
    fn each_thing_that_is_compared_counts() {
        let one = object("a");
        assert!(one.alike(&object("a")));
        assert!(one.alike(&Object { needs: vec![Table::key("public", "b")], ..one.clone() }));
        let meta = Meta { comment: Some("new".into()), ..Meta::default() };
        for other in [
            object("b"),
            Object { parent: Some(Table::key("public", "b")), ..one.clone() },
            Object { spec: Arc::new(("heap", 2)), ..one.clone() },
            Object { meta, ..one.clone() },
        ] {
            assert!(!one.alike(&other), "{other:?}");
        }
    }
}
