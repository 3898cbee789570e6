//! What services send of projects. What is documented here is what is parsed; [`super::judge`] has the rules that need
//! more than the body. Doc comments of the types are the document's own text, hence in French.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::examples;
use super::link::LinkRole;
use super::values::{Collectivite, Euros, TerritoryKind};
use super::view::object;
use crate::body::{Field, Number, Required};
use crate::reference::date::CivilDate;
use crate::reference::email::Email;
use crate::reference::siren::Siret;
use crate::reference::text::{NonBlank, Text};

/// A service's own id of a project.
pub type ExternalId = NonBlank<200>;

/// Un projet à créer, ou l'état complet d'un projet déjà connu sous cet `externalId` : ce qui est absent est alors
/// effacé.
// The body of a merge patch too ([`ProjectPatch`]), where nothing is required and `externalId` is unknown.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewProject, example = examples::new_project)]
#[expect(missing_docs, reason = "a doc comment here would be text of the document")]
pub struct ProjectBody {
    /// L'identifiant du projet dans le service appelant, unique pour ce service.
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"\S")]
    pub external_id: Field<ExternalId>,
    /// Le nom ; les blancs qui l'entourent sont retirés.
    #[schema(value_type = String, min_length = 1, max_length = 500, pattern = r"\S")]
    pub nom: Field<NonBlank<500>>,
    #[schema(value_type = Option<String>, max_length = 10_000)]
    pub description: Field<Text<10_000>>,
    /// Un libellé de la table du service appelant (voir `GET /statuts`) ou un code générique.
    #[schema(value_type = String, min_length = 1, pattern = r"\S")]
    pub statut: Field<String>,
    /// Les doublons sont retirés.
    #[schema(value_type = Vec<Collectivite>, min_items = 1, max_items = 500)]
    pub collectivites: Field<Vec<CollectiviteBody>>,
    #[schema(value_type = Option<PorteurBody>)]
    pub porteur: Field<PorteurBody>,
    /// En euros, à deux décimales au plus.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10_000_000_000_000_i64)]
    pub budget_previsionnel: Field<Budget>,
    /// Peut être passée.
    #[schema(value_type = Option<chrono::NaiveDate>)]
    pub date_debut_previsionnelle: Field<CivilDate>,
}

/// A territory as sent; documented as [`Collectivite`].
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "documented as Collectivite")]
pub struct CollectiviteBody {
    #[serde(rename = "type")]
    pub kind: Required<TerritoryKind>,
    pub code: Required<String>,
}

/// Le porteur référent tel que saisi. Il reçoit le droit WRITE sur le projet par son adresse e-mail. Sans aucun membre
/// renseigné, le projet n'a pas de porteur.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PorteurWritten)]
#[expect(missing_docs, reason = "a doc comment here would be text of the document")]
pub struct PorteurBody {
    /// SIRET de l'organisme : 14 chiffres, clé de contrôle juste.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{14}$", example = "24670048800017")]
    pub siret: Field<Siret>,
    #[schema(value_type = Option<String>, format = Email, max_length = 254, example = "service.batiments@ville.example")]
    pub referent_email: Field<Email>,
    #[schema(value_type = Option<String>, max_length = 200, example = "03 00 00 00 00")]
    pub referent_telephone: Field<Text<200>>,
    #[schema(value_type = Option<String>, max_length = 200, example = "Camille")]
    pub referent_prenom: Field<Text<200>>,
    #[schema(value_type = Option<String>, max_length = 200, example = "Exemple")]
    pub referent_nom: Field<Text<200>>,
    #[schema(value_type = Option<String>, max_length = 200, example = "Direction du patrimoine")]
    pub referent_fonction: Field<Text<200>>,
}

/// An amount in euros as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
pub struct Budget(pub Euros);

/// The number is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("un montant en euros positif ou nul, à deux décimales au plus")]
pub struct InvalidBudget;

impl TryFrom<Number> for Budget {
    type Error = InvalidBudget;

    fn try_from(Number(amount): Number) -> Result<Self, InvalidBudget> {
        Euros::parse(amount).map(Self).ok_or(InvalidBudget)
    }
}

/// The document of a [`ProjectBody`] that is a merge patch: the same properties but `externalId`, none required.
pub struct ProjectPatch;

impl PartialSchema for ProjectPatch {
    fn schema() -> RefOr<Schema> {
        let mut patch = object(ProjectBody::schema());
        patch.properties.remove("externalId");
        patch.required.clear();
        patch.description = Some(
            "Une modification (RFC 7396) : ce qui est absent reste, `null` efface ce qui peut l'être, `porteur` est \
             fusionné membre par membre, `collectivites` est remplacé en entier."
                .to_owned(),
        );
        patch.example = Some(json!({"statut": "En cours", "budgetPrevisionnel": 1_250_000}));
        RefOr::T(Schema::Object(patch))
    }
}

impl ToSchema for ProjectPatch {
    fn name() -> Cow<'static, str> {
        "ProjectPatch".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ProjectBody::schemas(schemas);
    }
}

/// Le rôle à donner à un lien.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "a doc comment here would be text of the document")]
pub struct LinkPatch {
    #[schema(value_type = LinkRole)]
    pub role: Required<LinkRole>,
}

/// Un lien à poser.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// L'identifiant du projet dans le service.
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"\S", example = "fiche-1207")]
    pub external_id: Required<ExternalId>,
}
