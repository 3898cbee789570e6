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

/// The path through a tree, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trail(Vec<Node>);

impl Trail {
    /// Goes through a node that asks nothing.
    pub(super) fn pass(&mut self, node: &str, text: impl Into<String>) {
        self.0.push(Node { node: node.to_owned(), answer: None, text: text.into() });
    }

    /// Goes through a question, and hands its answer on.
    pub(super) fn ask(&mut self, node: &str, yes: bool, text: impl Into<String>) -> bool {
        let answer = Some(if yes { Answer::Yes } else { Answer::No });
        self.0.push(Node { node: node.to_owned(), answer, text: text.into() });
        yes
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
