//! The example flow of Les Communs, played over HTTP on a stack in memory and checked step by step.

use std::io::Write;

use axum::http::Method;
use serde_json::{Value, json};

use super::DemoError;
use super::scene::{CAMILLE, Notice, Scene, display_name};

/// Plays the flow and tells it to `out`.
///
/// # Errors
/// At the first step that does not go as expected.
pub async fn play(out: &mut impl Write) -> Result<(), DemoError> {
    let scene = Scene::set().await?;
    let mut story = Story { out, step: 0 };
    story.say("Le flux d'exemple des Communs, joué en HTTP sur une pile en mémoire.\n")?;

    story.step("MEC crée un projet : « Non démarré, intention (aucune étude initiée) »")?;
    let project = scene
        .call("mec", Method::POST, "/projects", Some(creation()))
        .await?
        .expect_status(201)?
        .expect("/statut", "IDEE")?;
    let id = project.text("/id")?;
    story.say("   Les Communs l'enregistrent : IDEE.")?;
    story
        .notices(
            &scene,
            &[
                Notice::new("tet", "project.created", "IDEE", Some("A venir")),
                Notice::new("recoco", "project.created", "IDEE", Some("Non démarré, intention")),
                Notice::new("aides-territoires", "project.created", "IDEE", Some("Réflexion / conception")),
            ],
        )
        .await?;

    story.step("Camille regarde le projet depuis TeT, puis depuis Recoco")?;
    let path = format!("/projects/{id}");
    for (service, label) in [("tet", "A venir"), ("recoco", "Non démarré, intention")] {
        scene.call(service, Method::GET, &path, None).await?.expect_status(200)?.expect("/statutNatif", label)?;
        story.say(&format!("   {service} affiche « {label} ».", service = display_name(service)))?;
    }

    story.step("MEC passe à « Etudes pré-opérationnelles non initiées »")?;
    let label = "Etudes pré-opérationnelles non initiées";
    scene
        .call("mec", Method::PATCH, &path, Some(json!({ "statut": label })))
        .await?
        .expect_status(200)?
        .expect("/statut", "IDEE")?
        .expect("/statutNatif", label)?
        .expect("/version", 1)?;
    story.say("   Dans les Communs, le statut générique reste IDEE.")?;
    story.notices(&scene, &[]).await?;

    story.step("Dans TeT, Camille passe le projet à « En cours »")?;
    scene
        .call("tet", Method::PATCH, &path, Some(json!({ "statut": "En cours" })))
        .await?
        .expect_status(200)?
        .expect("/statut", "EN_COURS")?
        .expect("/version", 2)?;
    story.say("   Les Communs passent à EN_COURS.")?;
    let started = "Etudes opérationnelles en cours";
    story
        .notices(
            &scene,
            &[
                Notice::new("mec", "project.status_changed", "EN_COURS", Some(started)),
                Notice::new("recoco", "project.status_changed", "EN_COURS", Some(started)),
                Notice::new(
                    "aides-territoires",
                    "project.status_changed",
                    "EN_COURS",
                    Some("Mise en oeuvre / réalisation"),
                ),
            ],
        )
        .await?;

    story.step("MEC et Recoco montrent le nouveau statut")?;
    for service in ["mec", "recoco"] {
        scene.call(service, Method::GET, &path, None).await?.expect_status(200)?.expect("/statutNatif", started)?;
        story.say(&format!("   {} affiche « {started} ».", display_name(service)))?;
    }
    story.say("\nTout s'est passé comme prévu ; chaque signature a été vérifiée par son destinataire.")
}

fn creation() -> Value {
    json!({
        "externalId": "mec-demo-1",
        "nom": "Rénovation thermique de l'école Jean-Moulin",
        "statut": "Non démarré, intention (aucune étude initiée)",
        "collectivites": [{ "type": "Commune", "code": "74010" }],
        "budgetPrevisionnel": 420_000,
        "porteur": { "referentEmail": CAMILLE, "referentPrenom": "Camille", "referentNom": "Martin" },
    })
}

/// Tells the steps.
struct Story<'a, W> {
    out: &'a mut W,
    step: usize,
}

impl<W: Write> Story<'_, W> {
    fn say(&mut self, line: &str) -> Result<(), DemoError> {
        writeln!(self.out, "{line}").map_err(|error| DemoError::new(format!("écriture impossible : {error}")))
    }

    fn step(&mut self, title: &str) -> Result<(), DemoError> {
        self.step += 1;
        self.say(&format!("{}. {title}", self.step))
    }

    /// Delivers what is due, tells what arrived, and checks that it is exactly `expected`.
    async fn notices(&mut self, scene: &Scene, expected: &[Notice]) -> Result<(), DemoError> {
        let arrived = scene.deliver().await?;
        for notice in &arrived {
            self.say(&format!("   → {notice}"))?;
        }
        if arrived.is_empty() {
            self.say("   → aucun webhook : personne n'est dérangé.")?;
        }
        let mut expected = expected.to_vec();
        expected.sort();
        if arrived == expected {
            return Ok(());
        }
        let list: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let list = if list.is_empty() { "aucun webhook".to_owned() } else { list.join(" ; ") };
        Err(DemoError::new(format!("étape {} : attendu {list}", self.step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_example_flow_goes_as_the_seed_tells_it() {
        let mut told = Vec::new();
        let outcome = play(&mut told).await;
        let told = String::from_utf8(told).unwrap();
        assert!(outcome.is_ok(), "{outcome:?}\n{told}");
        assert!(told.contains("→ TeT reçoit project.created : IDEE, affiché « A venir »"), "{told}");
        assert!(told.contains("→ aucun webhook"), "{told}");
    }
}
