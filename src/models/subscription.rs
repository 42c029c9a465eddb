//! Subscriptions in a scratch database: never connected, whatever the model says.

use std::borrow::Cow;

use crate::pg::words::Words;

/// The same `CREATE SUBSCRIPTION` with options that neither connect to the publisher nor make a
/// slot there nor start a worker; what else it says is kept.
pub(super) fn unconnected(text: &str) -> Cow<'_, str> {
    let mut words = Words::new(text);
    let mut options = vec!["connect = false".to_owned()];
    let mut head = text;
    let connects = ["connect", "create_slot", "copy_data", "enabled"];
    while let Some(token) = words.peek() {
        if !words.accept("with") {
            words.skip();
            continue;
        }
        let Some(mut group) = words.group() else { continue };
        head = text[..token.start].trim_end();
        while let Some(option) = group.item() {
            if !connects.iter().any(|name| option.at(name)) {
                options.push(option.rest().trim_end().to_owned());
            }
        }
    }
    Cow::Owned(format!("{head} WITH ({})", options.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::unconnected;

    #[test]
    fn nothing_is_left_that_would_connect() {
        assert_eq!(
            unconnected("CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p, q"),
            "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p, q WITH (connect = false)"
        );
        assert_eq!(
            unconnected(
                "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p\n\
                 WITH (enabled, slot_name = NONE, create_slot = true, binary = true)"
            ),
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, \
             slot_name = NONE, binary = true)"
        );
    }
}
