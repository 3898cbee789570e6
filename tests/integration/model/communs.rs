//! The model of the communs: a few projects of one service, the link of another, the rights of two people.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Both hold a `sync` key and a webhook.
pub(super) const SERVICES: [&str; 2] = ["mec", "tet"];
pub(super) const PEOPLE: [&str; 2] = ["bea@nantes.fr", "leo@nantes.fr"];
pub(super) const LEVELS: [&str; 2] = ["READ", "WRITE"];
const PROJECTS: usize = 3;
const NAMES: usize = 3;

/// One request. Projects, services, people, levels and names are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Create { project: usize, name: usize },
    Rename { project: usize, by: usize, name: usize },
    Link { project: usize },
    Unlink { project: usize },
    Grant { project: usize, person: usize, level: usize },
    Revoke { project: usize, person: usize },
    Delete { project: usize, by: usize },
    Erase { person: usize, by: usize },
}

/// What must have come of the requests so far.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) projects: BTreeMap<usize, Project>,
    /// Types of the events of each project in order, each with the service that caused it.
    pub(super) events: BTreeMap<usize, Vec<(usize, &'static str)>>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) name: usize,
    pub(super) version: u64,
    pub(super) linked: bool,
    pub(super) deleted: bool,
    /// Of each person.
    pub(super) levels: [Option<usize>; 2],
}

/// The service that creates projects, and the one that links them.
pub(super) const ORIGIN: usize = 0;
pub(super) const OTHER: usize = 1;

/// The requests of a seed.
pub(super) fn sequence(seed: u64, steps: usize) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..steps).map(|_| drawn(&mut random)).collect()
}

fn drawn(random: &mut StdRng) -> Step {
    let project = random.random_range(0..PROJECTS);
    let (by, person, level) = (random.random_range(0..2), random.random_range(0..2), random.random_range(0..2));
    let name = random.random_range(0..NAMES);
    match random.random_range(0..16) {
        0..=4 => Step::Create { project, name },
        5..=7 => Step::Rename { project, by, name },
        8..=9 => Step::Link { project },
        10 => Step::Unlink { project },
        11..=12 => Step::Grant { project, person, level },
        13 => Step::Revoke { project, person },
        14 => Step::Delete { project, by },
        _ => Step::Erase { person, by },
    }
}

impl Model {
    /// Follows a request, and says how it must be answered; `None` for one that makes no sense yet and is not sent.
    pub(super) fn follow(&mut self, step: Step) -> Option<u16> {
        match step {
            Step::Create { project, name } => {
                if self.projects.contains_key(&project) {
                    return self.follow(Step::Rename { project, by: ORIGIN, name });
                }
                self.projects.insert(project, Project { name, version: 1, ..Project::default() });
                self.note(project, ORIGIN, "project.created");
                Some(201)
            }
            Step::Rename { project, by: ORIGIN, name } => self.change(project, |known| {
                (200, (std::mem::replace(&mut known.name, name) != name).then_some((ORIGIN, "project.updated")))
            }),
            // A link made by a key alone is a reader's.
            Step::Rename { project, .. } => self.change(project, |_| (403, None)),
            Step::Link { project } => self.change(project, |known| {
                (200, (!std::mem::replace(&mut known.linked, true)).then_some((OTHER, "project.linked")))
            }),
            Step::Unlink { project } => self.change(project, |known| {
                (204, std::mem::replace(&mut known.linked, false).then_some((OTHER, "project.updated")))
            }),
            Step::Grant { project, person, level } => self.change(project, |known| {
                let before = known.levels[person].replace(level);
                (200, (before != Some(level)).then_some((ORIGIN, "permission.changed")))
            }),
            Step::Revoke { project, person } => {
                self.change(project, |known| (204, known.levels[person].take().map(|_| (ORIGIN, "permission.changed"))))
            }
            Step::Delete { project, by: ORIGIN } => self.change(project, |known| {
                known.deleted = true;
                (204, Some((ORIGIN, "project.deleted")))
            }),
            Step::Delete { project, .. } => self.change(project, |_| (403, None)),
            Step::Erase { person, by } => {
                let known: Vec<usize> = self.projects.keys().copied().collect();
                for project in known {
                    if self.projects.get_mut(&project).is_some_and(|known| known.levels[person].take().is_some()) {
                        self.note(project, by, "person.erased");
                    }
                }
                Some(200)
            }
        }
    }

    /// Changes a project that is there: the answer's status, and the event with the service that caused it.
    fn change(
        &mut self,
        project: usize,
        change: impl FnOnce(&mut Project) -> (u16, Option<(usize, &'static str)>),
    ) -> Option<u16> {
        let known = self.projects.get_mut(&project).filter(|known| !known.deleted)?;
        let (status, event) = change(known);
        if let Some((by, event)) = event {
            if event.starts_with("project.") {
                known.version += 1;
            }
            self.note(project, by, event);
        }
        Some(status)
    }

    fn note(&mut self, project: usize, by: usize, event: &'static str) {
        self.events.entry(project).or_default().push((by, event));
    }
}
