//! Compares the shape of JSON with what was understood. serde takes an array for the fields of an object in their
//! order, and an object of one name for a word, which no client means.

use serde::Serialize;
use serde_json::Value;

/// Whether JSON has an array or an object where `understood`, which was made of it, has something else.
pub fn has_other_shape(given: &Value, understood: &impl Serialize) -> bool {
    serde_json::to_value(understood).is_ok_and(|understood| differs(given, &understood))
}

fn differs(given: &Value, understood: &Value) -> bool {
    match (given, understood) {
        (Value::Array(_), Value::Object(_)) | (Value::Object(_), Value::String(_)) => true,
        (Value::Object(given), Value::Object(understood)) => {
            let mut fields = understood.iter();
            fields.any(|(name, meant)| given.get(name).is_some_and(|given| differs(given, meant)))
        }
        (Value::Array(given), Value::Array(understood)) => {
            given.iter().zip(understood).any(|(given, understood)| differs(given, understood))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_array_stands_for_no_object_and_an_object_for_no_word_at_any_depth() {
        let understood = json!({ "a": { "b": 1 }, "list": [{ "c": 2 }], "words": ["x"] });
        for (given, has) in [
            (json!([]), true),
            (json!({ "a": [1] }), true),
            (json!({ "list": [[2]] }), true),
            (json!({ "a": { "b": 1 }, "list": [{ "c": 2 }], "words": ["x"], "more": [] }), false),
            (json!({ "words": [{ "x": null }] }), true),
            (json!({}), false),
        ] {
            assert_eq!(has_other_shape(&given, &understood), has, "{given}");
        }
    }
}
