//! Configuration, read once at start: every missing variable is named in one message.

use std::cell::RefCell;

use domain::webhooks::address::Policy;

/// What is wrong with the environment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("environment variables missing or invalid: {}", .0.join(", "))]
pub struct ConfigError(Vec<String>);

/// Reads variables and remembers which ones are missing.
pub struct Variables<'a> {
    look_up: &'a dyn Fn(&str) -> Option<String>,
    wrong: RefCell<Vec<String>>,
}

impl<'a> Variables<'a> {
    /// Variables found by `look_up`, e.g. `|name| std::env::var(name).ok()`.
    pub fn new(look_up: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { look_up, wrong: RefCell::default() }
    }

    /// A variable that must be there and not empty; the empty text stands in until [`Self::finish`] refuses.
    pub fn text(&self, name: &str) -> String {
        match (self.look_up)(name) {
            Some(value) if !value.is_empty() => value,
            _ => {
                self.wrong.borrow_mut().push(name.to_owned());
                String::new()
            }
        }
    }

    /// A variable that must be one of two words; `true` for `yes`.
    pub fn choice(&self, name: &str, yes: &str, no: &str) -> bool {
        match (self.look_up)(name) {
            Some(value) if value == yes => true,
            Some(value) if value == no => false,
            _ => {
                self.wrong.borrow_mut().push(format!("{name} ({yes} | {no})"));
                false
            }
        }
    }

    /// A whole number; zero stands in until [`Self::finish`] refuses.
    pub fn number(&self, name: &str) -> u64 {
        (self.look_up)(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            self.wrong.borrow_mut().push(name.to_owned());
            0
        })
    }

    /// Where webhooks may be sent: `WEBHOOK_LOOPBACK`, `refused` everywhere but in the local stack.
    pub fn address_policy(&self) -> Policy {
        if self.choice("WEBHOOK_LOOPBACK", "allowed", "refused") { Policy::LoopbackToo } else { Policy::Public }
    }

    /// The configuration built meanwhile, if nothing was missing.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong.
    pub fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        let wrong = self.wrong.into_inner();
        if wrong.is_empty() { Ok(config) } else { Err(ConfigError(wrong)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let look_up = |name: &str| (name == "A").then(|| "a".to_owned());
        let variables = Variables::new(&look_up);
        let config = (variables.text("A"), variables.text("B"), variables.choice("C", "yes", "no"));
        let error = variables.finish(config).unwrap_err();
        assert_eq!(error.to_string(), "environment variables missing or invalid: B, C (yes | no)");
    }
}
