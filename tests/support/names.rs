//! Values a case keeps under a name and uses later as `$name`.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values saved so far, by name. Names are letters and digits only.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, Value>);

impl Names {
    /// Keeps a value under a name; a later one with the same name replaces it.
    pub fn save(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The value saved under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The same value with every `$name` in its texts replaced. A text that is nothing but a name
    /// becomes the saved value itself, a number included. Unknown names stay as they are: they may be
    /// operators of an expectation.
    #[must_use]
    pub fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => text
                .strip_prefix('$')
                .and_then(|name| self.0.get(name))
                .cloned()
                .unwrap_or_else(|| Value::String(self.resolve_text(text))),
            Value::Array(elements) => elements.iter().map(|value| self.resolve(value)).collect(),
            Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), self.resolve(value))).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// The text with every saved `$name` replaced by the value's text.
    #[must_use]
    pub fn resolve_text(&self, text: &str) -> String {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, marked) = rest.split_at(at);
            let after = &marked[1..];
            let end = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
            resolved.push_str(before);
            match self.0.get(&after[..end]) {
                Some(Value::String(value)) => resolved.push_str(value),
                Some(value) => resolved.push_str(&value.to_string()),
                None => resolved.push_str(&marked[..=end]),
            }
            rest = &after[end..];
        }
        resolved.push_str(rest);
        resolved
    }
}
