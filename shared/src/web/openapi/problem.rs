//! The body of every refusal, as documented. The doc comments are the document's own text, hence in French.
#![expect(dead_code, reason = "described, never built: only `ToSchema` reads these fields")]

use crate::web::problem::Code;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaFormat, Type};

/// Un problème (RFC 9457). Son membre `type` mène à une page qui l'explique.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Problem {
    #[schema(schema_with = problem_type)]
    r#type: String,
    /// Le problème en une phrase, toujours la même pour un `type` donné.
    title: String,
    /// Le statut HTTP.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Ce qui s'est passé cette fois-ci, pour des personnes.
    #[schema(nullable = false)]
    detail: Option<String>,
    /// L'identifiant de la requête, aussi dans l'en-tête `x-request-id`. Absent d'un élément de lot.
    #[schema(nullable = false)]
    instance: Option<String>,
    /// Les fautes trouvées dans le corps envoyé.
    #[schema(nullable = false)]
    errors: Option<Vec<Fault>>,
    /// Avec `statut-unknown` : les libellés acceptés du service.
    #[schema(nullable = false)]
    accepted: Option<Vec<String>>,
    /// Avec `version-conflict` : la version courante du projet.
    #[schema(nullable = false, minimum = 1)]
    current_version: Option<u64>,
    /// Avec `external-id-conflict` : le projet qui tient l'identifiant.
    #[schema(nullable = false, format = Uuid)]
    project_id: Option<String>,
    /// Avec `prospect-invalid` : ce qui manque dans Portail DF.
    #[schema(nullable = false, example = "niveau_acces_invalide")]
    reason: Option<String>,
    /// Le chemin suivi dans l'arbre de décision, là où une décision refuse.
    #[schema(nullable = false)]
    trail: Option<Vec<TrailNode>>,
    /// Avec `user-suspended` : les causes de la suspension.
    #[schema(nullable = false)]
    causes: Option<Vec<Cause>>,
}

/// Une faute dans le corps envoyé.
#[derive(ToSchema)]
#[schema(as = Fault)]
pub struct Fault {
    /// Pointeur RFC 6901 dans le corps ; vide pour le corps entier.
    #[schema(example = "/collectivites/0/code")]
    pointer: String,
    /// Ce qui ne va pas.
    #[schema(example = "aucune commune n'a ce code INSEE")]
    detail: String,
}

/// Un nœud de l'arbre de décision, avec le fait constaté.
#[derive(ToSchema)]
pub struct TrailNode {
    /// Le nom du nœud dans les diagrammes publiés.
    #[schema(example = "C16")]
    node: String,
    /// `yes` ou `no` pour une question ; nul pour le reste.
    answer: Option<String>,
    /// Ce qui a été constaté.
    #[schema(example = "structure 10 \"CU Strasbourg\", SIREN 246700488")]
    text: String,
}

/// Une cause de suspension, à montrer à la personne.
#[derive(ToSchema)]
pub struct Cause {
    /// La cause, toujours la même pour un même contrôle.
    #[schema(example = "cgu vides")]
    cause: String,
    /// La phrase à montrer.
    message: String,
    /// Où agir ; nul pour une cause posée par une personne.
    link: Option<String>,
}

fn problem_type() -> Object {
    let types = Code::ALL.map(|code| format!("/problems/{}", code.facts().1));
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
        .description(Some("L'identité du problème, et l'adresse de sa page."))
        .enum_values(Some(types))
        .build()
}
