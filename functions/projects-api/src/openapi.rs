//! The `OpenAPI` document of the API, and the pages that show it.
//!
//! Each handler carries its own description; this module assembles them. The function serves the committed copy,
//! `docs/openapi/communs.json`, so that nothing is built at a cold start: tests keep it equal to [`document`], and
//! [`document`] equal to the table of routes.

pub(crate) mod parameters;
pub(crate) mod refusals;
pub(crate) mod schemas;
pub(crate) mod viewer;

use passerelle::web::openapi::components;
use passerelle::web::openapi::problem::{Cause, Fault, Problem, TrailNode};
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::routes::Described;

/// The document as committed and served.
pub(crate) const COMMITTED: &str = include_str!("../../../docs/openapi/communs.json");

const DESCRIPTION: &str = "\
Les communs tiennent une copie des données génériques des projets locaux. Chaque service connecté reste maître de ses \
données et tient les communs à jour ; chaque changement est annoncé aux autres services par un webhook signé.

**Authentification.** `Authorization: Bearer <clé>`. Une clé appartient à un service et a une portée : `projects` \
(projets, liens, permissions, statuts et webhooks, pour un utilisateur nommé par `X-User-Email`) ou `sync` (tout cela, \
plus les événements et le comparatif ; sans utilisateur nommé, le service agit pour lui-même).

**Format.** JSON en UTF-8. Une propriété inconnue est refusée. Les instants sont en UTC (RFC 3339, à la milliseconde). \
Les curseurs sont opaques.

**Erreurs.** Toute erreur est un problème (RFC 9457) : son `type` mène à une page qui l'explique, \
[en voici la liste](/problems). Chaque réponse porte un `x-request-id` et la version qui l'a faite, \
`x-passerelle-version`. Une route ou une méthode inconnue donne 404 ou 405. Les examens ont toujours lieu dans cet ordre : clé (401), portée (403), utilisateur (400), existence (404, 410), \
droit (403), forme du corps (400), `If-Match` (412), valeurs (422) ; une requête refusée n'a rien modifié.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Passerelle : les communs", description = DESCRIPTION),
    servers((url = "/communs/v1")),
    tags(
        (name = "Projets", description = "Les projets partagés, un par un, en liste ou en lot."),
        (name = "Liens", description = "Un projet importé dans un service, sous l'identifiant de ce service."),
        (name = "Permissions", description = "Qui peut lire et modifier un projet. Les adresses ne sont gardées que \
            sous forme d'empreinte."),
        (name = "Statuts", description = "Les statuts génériques et les libellés de chaque service."),
        (name = "Rattrapage", description = "Retrouver ce qu'un service a manqué, et comparer deux copies. Portée \
            `sync`."),
        (name = "Webhooks", description = "Être prévenu des changements faits par les autres services, selon \
            [Standard Webhooks](https://www.standardwebhooks.com)."),
        (name = "Livraisons", description = "Ce qui a été envoyé à un webhook, et le renvoyer."),
        (name = "Exploitation", description = "Ce que demandent les exploitants. Clé `manage` d'`exploitation`."),
        (name = "Documentation", description = "Ce document."),
    ),
    components(schemas(Problem, Fault, TrailNode, Cause)),
    modifiers(&ApiKey),
)]
struct Communs;

/// The document as described by the code, as it is to be committed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    passerelle::web::openapi::finished(Communs::openapi().merge_from(Described::openapi()))
}

/// How callers authenticate.
struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, document: &mut Document) {
        let description = "La clé d'API du service, montrée une seule fois à sa création.";
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some(description.to_owned());
        components(document).add_security_scheme("apiKey", SecurityScheme::Http(scheme));
    }
}
