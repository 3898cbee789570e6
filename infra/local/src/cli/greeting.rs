//! What `passerelle serve` says once the stack is up.

use std::collections::BTreeMap;

use domain::api_key::{COOP, EXPLOITATION, Scope, ZLV};
use serde_json::json;

use super::arguments::ServeOptions;
use crate::demo::registry::{SERVICES, ServiceRegistry};
use crate::stack::Stack;
use crate::stand_ins::StandIns;

/// One object with addresses, keys and the functions' variables.
pub(super) fn for_machines(
    api_url: &str,
    aws_url: &str,
    registry: &ServiceRegistry,
    stand_ins: &StandIns,
    stack: &Stack,
) -> serde_json::Value {
    let services: serde_json::Map<String, serde_json::Value> = registry
        .services()
        .map(|(service, known)| {
            let inbox = known.webhook.as_ref().map(|_| format!("{api_url}/inbox/{service}"));
            let known = json!({
                "projects": known.projects_key, "sync": known.sync_key, "manage": known.manage_key, "inbox": inbox,
            });
            (service.to_owned(), known)
        })
        .collect();
    let urls = json!({
        "portailDf": stand_ins.portail_df.url(),
        "dataspace": stand_ins.dataspace.url(),
        "brevo": stand_ins.brevo.url(),
    });
    // In the form that `sam local --env-vars` takes.
    let variables: BTreeMap<&str, _> =
        stack.functions().map(|function| (function, stack.variables(function))).collect();
    json!({
        "api": api_url, "aws": aws_url, "services": services, "neighbours": urls, "variables": variables,
    })
}

/// What a person needs to begin.
pub(super) fn for_people(
    api_url: &str,
    aws_url: &str,
    registry: &ServiceRegistry,
    kept: Option<&ServeOptions>,
) -> String {
    let key = |service: &str, scope| {
        let key = registry.get(service).and_then(|known| known.key(scope));
        key.unwrap_or_default()
    };
    let mut keys = String::new();
    for service in SERVICES {
        let (projects, sync) = (key(service, Scope::Projects), key(service, Scope::Sync));
        keys.push_str(&format!("  {service:<18} {projects}\n  {:<18} {sync}  (portée sync)\n", ""));
    }
    let coop = key(COOP, Scope::Sync);
    keys.push_str(&format!("  {COOP:<18} {coop}  (portée sync, /coop/v1)\n"));
    for (service, opens) in
        [(COOP, "/coop/v1/sync-runs"), (ZLV, "/droits/v1"), (EXPLOITATION, "tout ce qui s'exploite")]
    {
        keys.push_str(&format!("  {service:<18} {}  (portée manage, {opens})\n", key(service, Scope::Manage)));
    }
    let kept = match kept {
        Some(options) => format!("Données gardées dans {}", options.data.display()),
        None => "Tout en mémoire : rien ne sera gardé".to_owned(),
    };
    let call = format!("curl -sS {api_url}/communs/v1/projects");
    let user = "-H 'X-User-Email: camille@ville.example'";
    let json = "-H 'Content-Type: application/json'";
    let (mec, tet) = (key("mec", Scope::Projects), key("tet", Scope::Projects));
    format!(
        "\
Passerelle est prête.

  API                {api_url}/communs/v1
  Webhooks reçus     {api_url}/inbox  (à ouvrir dans un navigateur)
  Moteurs AWS        AWS_ENDPOINT_URL={aws_url}

Clés des services de démonstration :
{keys}
À essayer, en copiant-collant :

1. MEC crée un projet
{call} -H 'Authorization: Bearer {mec}' {user} {json} -d '{{\"externalId\":\"mec-1\",\"nom\":\"Rénovation de la mairie\",\"statut\":\"Non démarré, intention\",\"collectivites\":[{{\"type\":\"Commune\",\"code\":\"74010\"}}]}}'

2. TeT en a été prévenu
curl -sS {api_url}/inbox/tet

3. TeT change le statut
{call}/$({call}/by-external-id/mec/mec-1 -H 'Authorization: Bearer {tet}' {user} | sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/') -X PATCH -H 'Authorization: Bearer {tet}' {user} {json} -d '{{\"statut\":\"En cours\"}}'

{kept}. Ctrl-C pour arrêter.
"
    )
}
