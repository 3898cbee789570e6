//! The body of every refusal, as documented. The doc comments are the document's own text, hence in French.

use passerelle::web::problem::Code;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaFormat, Type};

/// Un problème (RFC 9457). Son membre `type` mène à une page qui l'explique.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Problem {
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
}

/// Une faute dans le corps envoyé.
#[derive(ToSchema)]
#[schema(as = Fault)]
pub(crate) struct Fault {
    /// Pointeur RFC 6901 dans le corps ; vide pour le corps entier.
    #[schema(example = "/collectivites/0/code")]
    pointer: String,
    /// Ce qui ne va pas.
    #[schema(example = "aucune commune n'a ce code INSEE")]
    detail: String,
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
