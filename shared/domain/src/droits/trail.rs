//! The trail of a decision: the nodes of the published tree it went through, with the facts at each.
//!
//! Source: docs/spec/droits.md#explanation-trail, docs/seeds/droits.md

use serde::{Deserialize, Serialize};

/// One node of a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name in the published diagrams (`C11`). Two checks of the Portail DF user have no node there; they are named
    /// after the field they look at.
    pub node: String,
    /// `yes` or `no` where the diagram asks a question that was answered.
    pub answer: Option<Answer>,
    /// The facts, in French.
    pub text: String,
}

/// The diagram's Oui and Non.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Oui.
    Yes,
    /// Non.
    No,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// The path through a tree, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trail(Vec<Node>);

impl Trail {
    /// Records a node that asks nothing.
    pub(super) fn record(&mut self, node: &str, text: impl Into<String>) {
        self.0.push(Node { node: node.to_owned(), answer: None, text: text.into() });
    }

    /// Records a question and its answer.
    pub(super) fn record_answer(&mut self, node: &str, answer: impl Into<Answer>, text: impl Into<String>) {
        self.0.push(Node { node: node.to_owned(), answer: Some(answer.into()), text: text.into() });
    }

    /// The nodes, in order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.0
    }

    /// The nodes' names, for the audit log.
    #[must_use]
    pub fn names(&self) -> String {
        self.0.iter().map(|node| node.node.as_str()).collect::<Vec<_>>().join(" ")
    }
}
