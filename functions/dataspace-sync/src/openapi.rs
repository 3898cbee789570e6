//! The `OpenAPI` document of the API. The function serves the committed copy, `docs/openapi/coop.json`; a test keeps it
//! equal to [`document`].

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
const COMMITTED: &str = include_str!("../../../docs/openapi/coop.json");

const DESCRIPTION: &str = "\
Tient à jour les utilisateurs, les emplois et les rôles de La Coop d'après l'API Dataspace, et les contacts Brevo \
d'après eux. Une synchronisation se fait à la demande (connexion, bouton d'administration), à l'inscription, et chaque \
nuit à 4 h, heure de Paris, pour tous les utilisateurs qui ne sont pas supprimés.

**Authentification.** La clé d'API de La Coop, de portée `sync` : `Authorization: Bearer <clé>`. Une clé de portée \
`manage`, de la Coop ou de l'exploitation, peut aussi lire et reprendre les synchronisations de nuit, supprimer et \
effacer un utilisateur.

**Un Dataspace en panne n'est jamais « introuvable », ni « non » :** une réponse 502 veut dire que rien n'a été écrit. \
Un utilisateur que le Dataspace ne connaît pas n'est pas modifié (`noOp`).

**Dates.** `debut` et `fin` d'un emploi sont des dates civiles, à Paris, bornes incluses ; tout le reste est un instant \
UTC à la milliseconde.

**Erreurs.** Toute erreur est un problème (RFC 9457) : son `type` mène à une page qui l'explique, \
[en voici la liste](/problems).";

#[derive(OpenApi)]
#[openapi(
    info(title = "Passerelle : la Coop", description = DESCRIPTION),
    servers((url = "/coop/v1")),
    tags(
        (name = "Utilisateurs", description = "Enregistrer, lire, suivre les changements."),
        (name = "Synchronisation", description = "Un utilisateur, tout de suite."),
        (name = "Synchronisations de nuit", description = "Tous les utilisateurs : avancement, pause, reprise."),
        (name = "Documentation", description = "Ce document."),
    ),
    components(schemas(Problem, Fault, TrailNode, Cause, schemas::SyncResult, schemas::DryRun)),
    modifiers(&Callers),
)]
struct Coop;

/// The document as described by the code, as it is to be committed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    passerelle::web::openapi::finished(Coop::openapi().merge_from(Described::openapi()))
}

/// How callers authenticate.
struct Callers;

impl Modify for Callers {
    fn modify(&self, document: &mut Document) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some(
            "La clé d'API de La Coop, de portée `sync` ; ou une clé `manage` de la Coop ou de l'exploitation."
                .to_owned(),
        );
        components(document).add_security_scheme("apiKey", SecurityScheme::Http(scheme));
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
    viewer::page("API de la Coop")
}
