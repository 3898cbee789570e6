//! The problems of the communs, and those any API can answer.

use serde_json::json;

use super::Guide;
use crate::web::problem::Code;

/// The guide of a problem of the communs, or of all APIs.
#[expect(clippy::too_many_lines, reason = "a table, one entry per code")]
pub(super) fn guide(code: Code) -> Option<Guide> {
    Some(match code {
        Code::InvalidBody => Guide::new(
            "Le corps de la requête, ou l'en-tête Idempotency-Key, n'a pas la forme attendue.",
            "Le corps n'est pas du JSON ou n'est pas un objet, il est imbriqué sur plus de 32 niveaux, il porte une \
             propriété inconnue ou en lecture seule, ou une valeur n'est pas du bon type JSON. L'en-tête \
             Idempotency-Key est vide, répété, ou dépasse 255 caractères ASCII.",
            "Corrigez la propriété que désigne errors[].pointer (la première trouvée), puis renvoyez la requête. Rien \
             n'a été modifié.",
        )
        .fault("/couleur", "propriété inconnue ou non modifiable"),
        Code::InvalidQuery => Guide::new(
            "Un paramètre de l'URL est inconnu, répété, ou sa valeur n'est pas acceptée.",
            "Par exemple un paramètre que la route n'a pas (même sur une écriture), limit hors de 1 à 100, un code de \
             statut ou de territoire inconnu, un service que personne ne connaît, un curseur qui ne vient pas d'une \
             réponse précédente, since et after ensemble, un instant qui n'est pas au format RFC 3339 ou dont le + \
             n'est pas écrit %2B, ou, dans le chemin de /projects/by-external-id, un identifiant fait d'autre chose \
             que de lettres, de chiffres et de - _ . ~.",
            "detail nomme le paramètre et sa borne : comparez l'URL à la documentation de la route. Un curseur se \
             recopie tel quel. Tout identifiant externe se trouve par \
             /projects/by-external-id/{service}?externalId=.",
        )
        .detail("La valeur de limit est invalide."),
        Code::UserEmailRequired => Guide::new(
            "La requête ne dit pas pour quel utilisateur le service agit.",
            "Une route de projet a été appelée sans l'en-tête X-User-Email, avec une clé de portée projects.",
            "Ajoutez X-User-Email avec l'adresse de l'utilisateur connecté. Pour un traitement de serveur à serveur, \
             employez la clé de portée sync.",
        ),
        Code::UserEmailInvalid => Guide::new(
            "L'en-tête X-User-Email ne contient pas une adresse e-mail.",
            "L'adresse est mal formée, vide, ou l'en-tête est présent plusieurs fois.",
            "Envoyez une seule adresse, sans nom affiché ni chevrons, encodée en UTF-8.",
        ),
        Code::TooManyRequests => Guide::new(
            "L'appelant a fait plus de requêtes que sa part.",
            "Une clé, une session, ou une adresse sans clé valable, a dépassé le débit permis. Le compte est \
             approché : il est tenu par chaque exécution et rapproché de celui des autres toutes les dix secondes. Ou un \
             webhook a été essayé dix fois en une minute.",
            "Attendez le nombre de secondes de Retry-After. RateLimit-Remaining dit à chaque réponse combien de \
             requêtes restent, RateLimit-Reset en combien de secondes la part est de nouveau entière.",
        ),
        Code::Unauthenticated => Guide::new(
            "La requête n'est pas authentifiée.",
            "L'en-tête Authorization manque, n'a pas la forme « Bearer <clé> », ou la clé est inconnue ou révoquée.",
            "Vérifiez la clé d'API de votre service. Une clé perdue ne se retrouve pas : demandez-en une nouvelle.",
        ),
        Code::PermissionRefused => Guide::new(
            "La clé est bonne, mais le droit nécessaire manque.",
            "Communs : l'utilisateur nommé par X-User-Email n'a pas le niveau READ ou WRITE demandé sur ce projet ; \
             sans utilisateur, le service n'a ni créé le projet ni été lié à lui avec le rôle writer (un lien reader ne \
             donne que la lecture), ou supprime un projet dont il n'est pas l'origine ; un service touche au lien d'un \
             autre, ou en change le rôle sans être l'origine. Droits : la clé manage n'est ni de zlv ni \
             d'exploitation. Coop : la clé n'est pas une de celles que la route demande.",
            "Communs : demandez à une personne qui a le droit WRITE, ou au service d'origine, d'accorder la permission \
             ou le rôle writer. Droits et coop : employez une clé que nomme la documentation de la route.",
        )
        .detail("Le droit WRITE sur ce projet manque."),
        Code::ScopeRefused => Guide::new(
            "La portée de la clé n'ouvre pas cette route.",
            "Par exemple une clé projects sur le flux d'événements, les webhooks ou l'effacement, réservés aux clés \
             sync (un webhook montre tous les projets), une clé manage sur une route de projets, ou une clé sync sur une \
             route de gestion.",
            "Employez la clé de votre service dont la portée convient ; la documentation de la route l'indique.",
        ),
        Code::NotFound => Guide::new(
            "Rien ne correspond à cette adresse.",
            "Le projet, le webhook, la livraison, l'identifiant externe ou la route n'existe pas. Un identifiant mal \
             formé et le webhook d'un autre service donnent la même réponse.",
            "Vérifiez l'adresse et les identifiants. Un projet connu par votre identifiant se retrouve par \
             /projects/by-external-id/{service}?externalId=.",
        ),
        Code::MethodNotAllowed => Guide::new(
            "La route existe, mais pas avec cette méthode HTTP.",
            "Par exemple PUT sur un projet, qui se modifie par PATCH.",
            "L'en-tête Allow de la réponse donne les méthodes acceptées.",
        ),
        Code::ExternalIdConflict => Guide::new(
            "L'identifiant externe désigne déjà un autre projet.",
            "Votre service lie un projet sous un identifiant qu'il a déjà donné à un autre.",
            "projectId nomme le projet qui tient l'identifiant : liez celui-là, ou retirez d'abord son lien.",
        )
        .members(json!({"projectId": "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90"})),
        Code::WebhookLimitReached => Guide::new(
            "Le service a déjà dix webhooks, le nombre le plus grand.",
            "Un onzième webhook est demandé.",
            "Supprimez un webhook qui ne sert plus, ou modifiez-en un par PATCH.",
        ),
        Code::WebhookDisabled => Guide::new(
            "Le webhook est désactivé : rien ne peut lui être renvoyé pour l'instant.",
            "Son récepteur a répondu 410, ou n'a fait qu'échouer pendant cinq jours. Les événements sont gardés.",
            "Réparez le récepteur, réactivez le webhook par POST /webhooks/{id}/enable, puis demandez \
             /recover pour recevoir ce qui a été manqué.",
        ),
        Code::Gone => Guide::new(
            "Le projet a été supprimé.",
            "Une route de ce projet est appelée après sa suppression.",
            "Supprimez-le aussi de votre côté, ou oubliez cet identifiant. L'identifiant externe est libre : un POST \
             crée un nouveau projet.",
        ),
        Code::VersionConflict => Guide::new(
            "Le projet a changé depuis la version que vous avez lue.",
            "If-Match nomme une autre version que la version courante (\"5\", W/\"5\" et \"5-gzip\" nomment la version \
             5), ou If-None-Match: * accompagne un POST sur un projet qui existe déjà.",
            "Relisez le projet, refaites la modification sur la version currentVersion, puis renvoyez-la.",
        )
        .detail("La version courante est 4.")
        .members(json!({"currentVersion": 4})),
        Code::BodyTooLarge => Guide::new(
            "Le corps de la requête est trop grand.",
            "Il dépasse 1 Mio, ou 5 Mo (5 000 000 octets) pour la création en lot.",
            "Envoyez moins de données à la fois : les créations se répartissent en plusieurs lots.",
        ),
        Code::UnsupportedMediaType => Guide::new(
            "Le corps n'est pas annoncé comme du JSON.",
            "Content-Type n'est ni application/json ni, pour PATCH, application/merge-patch+json.",
            "Ajoutez l'en-tête Content-Type: application/json.",
        ),
        Code::ValidationFailed => Guide::new(
            "Le corps a la bonne forme, mais des valeurs ne respectent pas les règles.",
            "Une propriété obligatoire manque, est nulle ou vide, un code INSEE, un SIREN ou un SIRET n'existe pas, \
             une adresse e-mail est mal formée, une limite est dépassée.",
            "errors donne toutes les fautes, chacune avec son pointeur (RFC 6901) dans le corps envoyé. Rien n'a été \
             modifié.",
        )
        .fault("/collectivites/0/code", "aucune commune n'a ce code INSEE"),
        Code::StatutUnknown => Guide::new(
            "Le libellé de statut n'est pas de la table de votre service.",
            "Le libellé est celui d'un autre service, ou il diffère par une majuscule ou un accent. C'est la seule \
             faute du corps.",
            "Envoyez un des libellés de accepted, ou un code générique. GET /statuts donne la table complète.",
        )
        .members(json!({
            "errors": [{"pointer": "/statut", "detail": "libellé inconnu de la table de ce service"}],
            "accepted": [
                "A venir", "A discuter", "En cours", "En retard", "En pause", "Bloqué", "Réalisé", "Abandonné",
            ],
        })),
        Code::IdempotencyKeyReused => Guide::new(
            "La clé d'idempotence a déjà servi pour un autre corps.",
            "Le même Idempotency-Key a été envoyé depuis moins de 24 heures avec un corps différent.",
            "Une clé par opération : gardez-la pour rejouer la même requête, prenez-en une nouvelle pour une autre.",
        ),
        Code::WebhookUrlRefused => Guide::new(
            "L'adresse du webhook est refusée.",
            "Elle n'est pas en https, emploie un port autre que 443 et 8443, contient un utilisateur ou un fragment, \
             ou désigne une adresse qui n'est pas publique.",
            "Donnez une adresse https publique. errors[].detail dit laquelle des règles n'est pas respectée.",
        )
        .fault("/url", "seul le schéma https est accepté"),
        Code::Internal => Guide::new(
            "Une erreur imprévue est survenue de notre côté.",
            "Le détail est dans nos journaux, sous l'identifiant instance de la réponse.",
            "Réessayez avec un délai croissant. Si l'erreur persiste, signalez-la en donnant instance.",
        ),
        Code::Unavailable => Guide::new(
            "Le service ne peut pas répondre pour le moment.",
            "Trop d'écritures simultanées touchent le même objet, ou le stockage est momentanément injoignable.",
            "Réessayez après un court délai, croissant et légèrement aléatoire. Avec Idempotency-Key ou le même \
             externalId, une création peut être rejouée sans doublon.",
        )
        .detail("Trop d'écritures simultanées du même objet."),
        _ => return None,
    })
}
