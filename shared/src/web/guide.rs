//! What each problem means, when it happens and what to do about it: one table a domain, for the pages of `/problems`
//! and for the examples of the `OpenAPI` documents. Its texts are for developers, in French.

mod communs;
mod coop;
mod droits;

use super::problem::{Code, Problem};
use serde_json::{Value, json};

/// What is said of one problem.
#[derive(Debug, Default)]
pub struct Guide {
    /// What it means.
    pub meaning: &'static str,
    /// When it happens.
    pub when: &'static str,
    /// What to do.
    pub remedy: &'static str,
    detail: Option<&'static str>,
    members: Value,
}

impl Guide {
    const fn new(meaning: &'static str, when: &'static str, remedy: &'static str) -> Self {
        Self { meaning, when, remedy, detail: None, members: Value::Null }
    }

    const fn detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    fn members(mut self, members: Value) -> Self {
        self.members = members;
        self
    }

    fn fault(self, pointer: &str, detail: &str) -> Self {
        self.members(json!({"errors": [{"pointer": pointer, "detail": detail}]}))
    }
}

/// A realistic body of the problem.
pub fn example(code: Code) -> Value {
    let guide = guide(code).unwrap_or_default();
    let mut problem = Problem::new(code).member("instance", "4f1c9f0e-6a53-4c39-9d53-0a6c2f1f4f2b");
    if let Some(detail) = guide.detail {
        problem = problem.detail(detail);
    }
    for (name, value) in guide.members.as_object().into_iter().flatten() {
        problem = problem.member(name, value.clone());
    }
    problem.to_json()
}

/// The guide of a problem; a test sees to it that every code has one.
#[must_use]
pub fn guide(code: Code) -> Option<Guide> {
    communs::guide(code).or_else(|| droits::guide(code)).or_else(|| coop::guide(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_explained() {
        for code in Code::ALL {
            assert!(guide(code).is_some(), "{}", code.facts().1);
        }
    }
}
