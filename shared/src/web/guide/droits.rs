//! The problems of the droits.

use serde_json::json;

use super::Guide;
use crate::web::problem::Code;

/// The guide of a problem of this domain.
pub(super) fn guide(code: Code) -> Option<Guide> {
    Some(match code {
        Code::AuthenticationFailed => Guide::new(
            "Le mot de passe ne correspond pas au compte.",
            "POST /authenticate avec une adresse connue et un mauvais mot de passe (nœud L7).",
            "Faites ressaisir le mot de passe. Dix échecs par minute au plus.",
        ),
        Code::MailboxNotProved => Guide::new(
            "Rien ne prouve que la personne lit cette adresse.",
            "Création de compte sans signupToken ni clé de ZLV de portée manage ; jeton de lien inconnu, déjà utilisé, vieux de plus de 24 heures ou envoyé à une autre adresse.",
            "Demandez un lien par POST /signup-links (ou POST /password-resets) et présentez le jeton reçu par courriel.",
        ),
        Code::TwoFactorFailed => Guide::new(
            "Le code du second facteur est refusé.",
            "Le code est faux, a plus de cinq minutes, a déjà servi, ou challengeId n'est pas celui de la connexion en cours.",
            "Reprenez la connexion pour recevoir un nouveau code.",
        ),
        Code::TwoFactorLocked => Guide::new(
            "Trois codes faux : la connexion est bloquée quinze minutes.",
            "Un code ou un mot de passe est envoyé pendant le blocage.",
            "Attendez le nombre de secondes de Retry-After.",
        ),
        Code::TooManyAttempts => Guide::new(
            "Trop d'échecs en une minute.",
            "Dix échecs d'une adresse électronique depuis une adresse réseau, ou 300 depuis une adresse réseau. Connexion, code, création, demandes de lien et changements de mot de passe sont comptés de même ; les réussites ne comptent pas.",
            "Attendez le nombre de secondes de Retry-After.",
        ),
        Code::TestAccount => Guide::new(
            "L'adresse est celle d'un compte de test.",
            "Création de compte avec une adresse de la liste des comptes de test (nœud C3).",
            "Employez une adresse réelle.",
        ),
        Code::ProspectMissing => Guide::new(
            "Aucune demande de compte n'existe pour cette adresse.",
            "Création de compte sans demande préalable, ou demande déjà consommée par une création (nœud C5).",
            "Faites d'abord la demande de compte, ou connectez-vous si le compte existe déjà.",
        ),
        Code::ProspectInvalid => Guide::new(
            "La création du compte est refusée.",
            "La demande n'est pas complète (nœud C7, sans reason), ou Portail DF n'ouvre pas les droits : structure inconnue, accès LOVAC échu, niveau d'accès, périmètre (nœuds C12, C14, C17, C19, avec reason).",
            "trail donne le chemin suivi dans l'arbre de décision et les faits constatés : il dit quoi demander à Portail DF.",
        )
        .members(json!({"reason": "niveau_acces_invalide", "trail": [{"node": "C16", "answer": "no", "text": "niveau d'accès dvf, lovac non"}]})),
        Code::EstablishmentMissing => Guide::new(
            "Aucun établissement n'a cet identifiant.",
            "Création de compte, connexion ou changement vers un établissement inconnu (nœuds C9, L12).",
            "Vérifiez establishmentId ; GET /establishments donne ceux du compte.",
        ),
        Code::PortailDfUnavailable => Guide::new(
            "Portail DF n'a pas pu être interrogé ; ce n'est pas une absence de droits.",
            "Portail DF est injoignable, trop lent ou en erreur pendant une création de compte ou un changement d'établissement. Rien n'a été modifié.",
            "Réessayez après Retry-After. La connexion, elle, reste possible avec les droits déjà enregistrés.",
        ),
        Code::EmailAlreadyUsed => Guide::new(
            "Un compte existe déjà pour cette adresse.",
            "Création de compte avec l'adresse d'un compte existant (nœud C20) ; à la Coop, PUT /users/{id} avec l'adresse \
             d'un autre utilisateur, aux majuscules et aux blancs autour près.",
            "Connectez-vous avec ce compte. À la Coop, retrouvez l'utilisateur qui porte l'adresse : changez la sienne, ou \
             supprimez-le s'il n'a plus lieu d'être.",
        ),
        Code::UserMissing => Guide::new(
            "Aucun compte n'a cette adresse.",
            "POST /authenticate avec une adresse inconnue (nœud L3).",
            "Vérifiez l'adresse, ou créez un compte.",
        ),
        Code::UserDeleted => Guide::new(
            "Ce compte, ou cet utilisateur, a été supprimé.",
            "Connexion à un compte supprimé (nœud L5), ou synchronisation d'un utilisateur supprimé de La Coop.",
            "Aucune action n'est possible sur un compte supprimé.",
        ),
        Code::StructureUnknown => Guide::new(
            "Portail DF ne connaît pas de structure portant le SIREN de l'établissement.",
            "Connexion (nœud L18) ou changement d'établissement (nœud M8). Un changement refusé ne modifie rien.",
            "Demandez à Portail DF d'être rattaché à la structure de l'établissement.",
        )
        .detail("Aucune structure correspondant au SIREN 246700488")
        .members(json!({"trail": [{"node": "L17", "answer": "no", "text": "aucune structure de SIREN 246700488"}]})),
        Code::EstablishmentNotAllowed => Guide::new(
            "La personne n'est pas membre de cet établissement.",
            "Connexion ou changement vers un établissement qui n'est pas le sien.",
            "GET /establishments donne les établissements du compte.",
        ),
        Code::UserSuspended => Guide::new(
            "Les droits de la personne sont suspendus : les données lui sont fermées.",
            "Une route de données est appelée par un compte suspendu. La connexion et le changement d'établissement restent possibles.",
            "causes donne chaque cause, la phrase à montrer et le lien vers Portail DF.",
        )
        .members(json!({"causes": [{"cause": "cgu vides", "message": "Les conditions générales de Portail DF ne sont pas validées.", "link": "https://portaildf.cerema.fr/"}]})),
        Code::ExportTooLarge => Guide::new(
            "L'export dépasse la taille d'une réponse.",
            "Le fichier demandé est plus grand que ce que la plateforme sait renvoyer.",
            "Restreignez l'export par localities, status ou establishmentIds, et exportez en plusieurs fois.",
        ),
        _ => return None,
    })
}
