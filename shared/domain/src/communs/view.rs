//! A project as it is shown: the same members for everybody, but for `statutNatif`, which is the reader's own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Object, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::content::Content;
use super::examples;
use super::link::LinkRole;
use super::project::{Project, ProjectId};
use crate::api_key::Service;
use crate::instant;

/// A project as somebody sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectView<'a> {
    id: ProjectId,
    external_ids: &'a BTreeMap<Service, String>,
    links: BTreeMap<&'a Service, LinkView<'a>>,
    #[serde(flatten)]
    content: &'a Content,
    statut_natif: Option<&'a str>,
    version: u64,
    #[serde(with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "instant")]
    updated_at: DateTime<Utc>,
    origin: &'a Service,
}

/// A link as somebody sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkView<'a> {
    external_id: &'a str,
    role: LinkRole,
}

impl<'a> ProjectView<'a> {
    /// The project as `reader` sees it.
    #[must_use]
    pub fn for_reader(project: &'a Project, reader: &Service) -> Self {
        Self::with_label(project, project.native_label(reader))
    }

    /// The project as it is frozen in an event, nobody's label filled in.
    #[must_use]
    pub fn frozen(project: &'a Project) -> Self {
        Self::with_label(project, None)
    }

    fn with_label(project: &'a Project, statut_natif: Option<&'a str>) -> Self {
        let Project { id, origin, external_ids, content, version, created_at, updated_at, natifs: _, readers: _ } =
            project;
        let link = |(service, external_id): (&'a Service, &'a String)| {
            Some((service, LinkView { external_id, role: project.link_role(service)? }))
        };
        Self {
            id: *id,
            external_ids,
            links: external_ids.iter().filter_map(link).collect(),
            content,
            statut_natif,
            version: *version,
            created_at: *created_at,
            updated_at: *updated_at,
            origin,
        }
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!(self)
    }
}

/// Un projet, tel que le voit le service appelant. Ce qui n'est pas renseigné est `null`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = examples::project)]
#[expect(dead_code, reason = "described with the members of Content, never built")]
struct Described {
    /// L'identifiant commun à tous les services (UUIDv7, donc dans l'ordre de création).
    id: Uuid,
    /// L'identifiant du projet dans chaque service qui l'a créé ou importé.
    external_ids: BTreeMap<String, String>,
    /// Les services qui ont importé le projet, et ce que leur lien leur ouvre.
    links: BTreeMap<String, LinkedService>,
    /// Le libellé du service **qui lit** pour ce statut ; `null` s'il n'en a pas, il montre alors le statut générique.
    #[schema(required)]
    statut_natif: Option<String>,
    /// 1, 2, 3... ; c'est aussi l'`ETag`. Un changement de libellé sans changement de statut générique ne la fait pas
    /// avancer.
    #[schema(minimum = 1)]
    version: u64,
    created_at: DateTime<Utc>,
    /// L'instant de la version courante.
    updated_at: DateTime<Utc>,
    /// Le service qui a créé le projet.
    origin: String,
}

/// Le lien d'un service qui a importé le projet.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never built")]
struct LinkedService {
    external_id: String,
    role: LinkRole,
}

impl PartialSchema for ProjectView<'_> {
    fn schema() -> RefOr<Schema> {
        let mut shown = object(Described::schema());
        let content = object(Content::schema());
        shown.properties.extend(content.properties);
        // As they are shown: what identifies the project, what was written of it, what we say of it.
        shown.required.splice(3..3, content.required);
        RefOr::T(Schema::Object(shown))
    }
}

impl ToSchema for ProjectView<'_> {
    fn name() -> Cow<'static, str> {
        "Project".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Content::schemas(schemas);
        Described::schemas(schemas);
    }
}

/// The schema of a struct.
pub(super) fn object(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        RefOr::T(_) | RefOr::Ref(_) => Object::new(),
    }
}
