//! The published diagrams, with the path a decision took.

use std::fmt::Write as _;

use serde::Deserialize;

use super::trail::Trail;

/// One of the three flows that are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// C1-C20.
    Creation,
    /// L1-L29.
    Connexion,
    /// M1-M10.
    Changement,
}

impl Flow {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::Connexion => "connexion",
            Self::Changement => "changement",
        }
    }

    const fn diagram(self) -> &'static str {
        match self {
            Self::Creation => include_str!("diagram/creation.mmd"),
            Self::Connexion => include_str!("diagram/connexion.mmd"),
            Self::Changement => include_str!("diagram/changement.mmd"),
        }
    }
}

/// The published diagram as Mermaid, the nodes and arrows of the trail drawn thick.
#[must_use]
pub fn highlighted(flow: Flow, trail: &Trail) -> String {
    let diagram = flow.diagram();
    let path: Vec<&str> =
        trail.nodes().iter().map(|node| node.node.as_str()).filter(|node| is_declared(diagram, node)).collect();
    let arrows = diagram.lines().filter_map(arrow).enumerate();
    let taken = arrows.filter(|(_, arrow)| path.windows(2).any(|step| (step[0], step[1]) == *arrow));
    let taken: Vec<String> = taken.map(|(rank, _)| rank.to_string()).collect();
    let mut drawn = diagram.trim_end().to_owned();
    // Writing to a text cannot fail.
    let _ =
        write!(drawn, "\n\n    classDef chemin stroke:#000091,stroke-width:4px\n    class {} chemin\n", path.join(","));
    if !taken.is_empty() {
        let _ = writeln!(drawn, "    linkStyle {} stroke:#000091,stroke-width:4px", taken.join(","));
    }
    drawn
}

fn is_declared(diagram: &str, node: &str) -> bool {
    diagram
        .lines()
        .any(|line| line.trim_start().strip_prefix(node).is_some_and(|rest| rest.starts_with(['[', '{', '('])))
}

/// The two ends of an arrow: `C2 -->|Oui| C3`.
fn arrow(line: &str) -> Option<(&str, &str)> {
    let (from, rest) = line.split_once("-->")?;
    let to = rest.rsplit_once('|').map_or(rest, |(_, to)| to);
    Some((from.trim(), to.trim()))
}
