//! The problems of the coop.

use super::Guide;
use crate::web::problem::Code;

/// The guide of a problem of this domain.
pub(super) fn guide(code: Code) -> Option<Guide> {
    Some(match code {
        Code::UserNotFound => Guide::new(
            "Aucun utilisateur n'est enregistré sous cet identifiant.",
            "Une route d'un utilisateur est appelée avant PUT /users/{id}.",
            "Enregistrez l'utilisateur par PUT /users/{id}.",
        ),
        Code::SyncRunNotFound => Guide::new(
            "Aucune synchronisation nocturne n'a cet identifiant.",
            "GET ou POST sur un identifiant inconnu.",
            "GET /sync-runs donne les synchronisations.",
        ),
        Code::SyncRunNotPaused => Guide::new(
            "Seule une synchronisation en pause peut être reprise.",
            "POST /sync-runs/{id}/resume sur une synchronisation en cours ou terminée.",
            "Relisez GET /sync-runs/{id}.",
        ),
        Code::SyncTooLarge => Guide::new(
            "La synchronisation toucherait trop d'emplois d'un coup.",
            "Plus de 90 emplois d'un utilisateur changeraient ensemble. Rien n'a été modifié.",
            "Vérifiez les données du Dataspace pour cet utilisateur.",
        ),
        Code::DataspaceUnavailable => Guide::new(
            "Le Dataspace n'a pas pu être interrogé. Rien n'a été modifié.",
            "Il est injoignable, trop lent ou en erreur, après trois essais.",
            "Réessayez plus tard ; la synchronisation de nuit réessaie d'elle-même.",
        ),
        Code::DataspaceInvalidAnswer => Guide::new(
            "La réponse du Dataspace n'est pas celle attendue. Rien n'a été modifié.",
            "Il refuse la demande, ou sa réponse ne respecte pas le contrat.",
            "Signalez-le à l'équipe du Dataspace en donnant instance.",
        ),
        _ => return None,
    })
}
