//! The `OpenAPI` document of the API. The function serves the committed copy, `docs/openapi/droits.json`; a test keeps
//! it equal to [`document`].

pub(crate) mod queries;
pub(crate) mod refusals;
pub(crate) mod schemas;

use axum::response::Response;
use passerelle::web::openapi::problem::{Cause, Fault, Problem, TrailNode};
use passerelle::web::openapi::{components, viewer};
use passerelle::web::parameters::NoQuery;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use self::refusals as by;
use crate::routes::Described;

/// The document as committed and served.
const COMMITTED: &str = include_str!("../../../docs/openapi/droits.json");

const DESCRIPTION: &str = "\
Comptes, connexion, changement d'établissement et données de Zéro Logement Vacant. Chaque décision suit un arbre \
publié, d'après les droits de Portail DF, et dit son chemin (`trail`).

**Authentification.** Une personne présente le jeton reçu à la connexion, `Authorization: Bearer <accessToken>`, \
valable douze heures. La gestion et l'explication demandent une clé d'API de portée `manage`.

**« Portail DF n'a pas pu être interrogé » n'est jamais « pas de droits » :** la création et le changement répondent \
503, la connexion se poursuit avec ce qui est enregistré.

**Listes.** `{items, nextCursor}` ; les filtres sont séparés par des virgules, un filtre présent et vide ne montre rien. \
Une intersection vide ne montre rien non plus.

**Erreurs.** Toute erreur est un problème (RFC 9457) : son `type` mène à une page qui l'explique, \
[en voici la liste](/problems).";

#[derive(OpenApi)]
#[openapi(
    info(title = "Passerelle : les droits", description = DESCRIPTION),
    servers((url = "/droits/v1")),
    tags(
        (name = "Comptes", description = "Créer un compte, se connecter, changer d'établissement."),
        (name = "Données", description = "Ce que la personne peut voir, et rien d'autre."),
        (name = "Exports", description = "Les mêmes données, en xlsx."),
        (name = "Gestion", description = "Charger les données, expliquer une décision. Portée `manage`."),
        (name = "Documentation", description = "Ce document."),
    ),
    components(schemas(Problem, Fault, TrailNode, Cause, schemas::Session, schemas::TwoFactorRequired)),
    modifiers(&Callers),
)]
struct Droits;

/// The document as described by the code, as it is to be committed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    passerelle::web::openapi::finished(Droits::openapi().merge_from(Described::openapi()))
}

/// How callers authenticate.
struct Callers;

impl Modify for Callers {
    fn modify(&self, document: &mut Document) {
        for (name, description) in [
            ("accessToken", "Le jeton d'une personne, reçu à la connexion."),
            ("apiKey", "La clé d'API d'un service, de portée `manage`."),
        ] {
            let mut scheme = Http::new(HttpAuthScheme::Bearer);
            scheme.description = Some(description.to_owned());
            components(document).add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// Le document OpenAPI de l'API
///
/// Celui que vous lisez. Rien n'est demandé pour le lire.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "readOpenApi",
    tag = "Documentation",
    responses((status = 200, description = "Le document, en OpenAPI 3.1.", body = Object), by::Refused<by::Query>),
    security(()),
)]
pub(crate) async fn openapi(_: NoQuery) -> Response {
    viewer::document(COMMITTED)
}

/// The page that shows the document.
pub(crate) async fn page() -> Response {
    viewer::page("API des droits")
}
