//! Why the stack could not do what was asked.

use engines::OpenError;
use sam_template::TemplateError;

use super::DRAIN_ROUNDS;
use crate::runtime::{GatewayError, MappingError};

/// Why the stack could not do what was asked. Messages are one French sentence.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The engines could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The template was not understood.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A resource of the template could not be created.
    #[error("création de {resource} impossible : {detail}")]
    Provision {
        /// Logical id.
        resource: String,
        /// What the engine answered.
        detail: String,
    },
    /// The data were written with another template.
    #[error(
        "la table {0} enregistrée n'a pas les clés ni les index de template.yaml : supprimez le dossier de données"
    )]
    TableChanged(String),
    /// The tables are there, but not the keys that what they hold is sealed and looked up with.
    #[error(
        "les clés manquent alors que les tables sont là (engines/queues-and-secrets.sqlite) : restaurez ce fichier, ou \
         supprimez le dossier de données pour repartir de zéro"
    )]
    KeysLost,
    /// A function could not be started.
    #[error("démarrage de la fonction {function} impossible : {detail}")]
    Function {
        /// Logical id.
        function: String,
        /// Its own error.
        detail: String,
    },
    /// The template asks of a function what its code does not offer.
    #[error("la fonction {function} ne répond pas aux événements « {event} » de template.yaml")]
    NoHandler {
        /// Logical id.
        function: String,
        /// `HttpApi`, `SQS` or `Schedule`.
        event: &'static str,
    },
    /// A function's role does not let Lambda read its queue.
    #[error("le rôle de {function} n'autorise pas {action} sur {resource}")]
    NotAllowed {
        /// Logical id.
        function: String,
        /// What is missing.
        action: &'static str,
        /// ARN.
        resource: String,
    },
    /// A route of the template was not understood.
    #[error("template.yaml : {0}")]
    Route(#[from] GatewayError),
    /// An API key could not be issued.
    #[error("création d'une clé pour {service} impossible : {detail}")]
    IssueKey {
        /// Service.
        service: String,
        /// What went wrong.
        detail: String,
    },
    /// A scheduled function failed.
    #[error("exécution de {function} impossible : {detail}")]
    Scheduled {
        /// Logical id.
        function: String,
        /// Its own error.
        detail: String,
    },
    /// A queue could not be read.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Draining never came to an end.
    #[error("la pile trouve toujours du travail après {DRAIN_ROUNDS} tours")]
    Endless,
}
