//! `passerelle serve`: the stack on two loopback ports, until told to stop.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle_operator::process::print;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Failure;
use super::arguments::ServeOptions;
use super::data_folder::DataFolder;
use crate::caller::{CallError, Caller};
use crate::demo::data;
use crate::demo::inbox::Inboxes;
use crate::demo::registry::{COOP, RegisterError, SERVICES, ServiceRegistry};
use crate::stack::{Stack, StackError, StackOptions};
use crate::stand_ins::StandIns;

/// How long open connections may take to finish after the signal.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the stack until Ctrl-C or SIGTERM.
pub(super) async fn serve(options: ServeOptions) -> Result<(), Failure> {
    // Ports first: a second start by mistake must not touch the data.
    let api = listen(options.port, "--port").await?;
    let aws = listen(options.aws_port, "--aws-port").await?;
    let (api_url, aws_url) = (url(&api)?, url(&aws)?);
    let folder = if options.memory { None } else { Some(DataFolder::open(&options.data)?) };
    let mut registry = folder.as_ref().map(DataFolder::read_registry).transpose()?.unwrap_or_default();
    let storage = folder.as_ref().map_or(Storage::Memory, |folder| Storage::Directory(folder.engines()));
    let clock = Clock::system();
    let stand_ins = StandIns::start().await.map_err(unavailable)?;
    data::teach(&stand_ins);
    let stack =
        Stack::start(stand_ins.point_at(StackOptions::new(storage, clock.clone()))).await.map_err(stack_failure)?;
    data::droits::load(&stack).await.map_err(|error| Failure::Stack(error.to_string()))?;
    let inboxes = Inboxes::new(clock);
    let save = |registry: &ServiceRegistry| folder.as_ref().map_or(Ok(()), |folder| folder.write_registry(registry));
    registry.complete(&stack, &api_url, &inboxes, &save).await.map_err(registered)?;
    let keys = registry.keys(&stack, COOP, &save).await.map_err(registered)?;
    data::coop::register(&Caller::new(stack.api(), Some(keys.sync_key)), 0).await.map_err(called)?;
    for injection in &options.fault {
        stack.engines().faults().inject(&injection.operation, injection.fault.clone(), injection.calls);
    }

    let background = stack.run_in_background();
    let (told, stop) = watch::channel(false);
    let api = spawn(api, inboxes.router().fallback_service(stack.api()), stop.clone());
    let aws = spawn(aws, stack.engines().router(), stop);
    let greeting = if options.json {
        format!("{}\n", machine_greeting(&api_url, &aws_url, &registry, &stand_ins, &stack))
    } else {
        human_greeting(&api_url, &aws_url, &registry, folder.is_some().then_some(&options))
    };
    print(&greeting)?;
    signal().await.map_err(|error| Failure::Unexpected(format!("signaux indisponibles : {error}")))?;
    told.send_replace(true);
    tracing::info!("stopping");
    let stopped = async {
        let _ = tokio::time::timeout(GRACE, futures_util::future::join(api, aws)).await;
        background.stop().await;
    };
    // A second signal means "at once".
    tokio::select! {
        () = stopped => {}
        _ = signal() => {}
    }
    Ok(())
}

async fn listen(port: u16, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::Port(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("le port {port} est déjà pris : arrêtez l'autre programme ou choisissez-en un avec {option}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("le port {port} demande des droits particuliers : choisissez-en un autre avec {option}")
            }
            _ => format!("le port {port} est inutilisable ({option}) : {error}"),
        })
    })
}

fn url(listener: &TcpListener) -> Result<String, Failure> {
    let address =
        listener.local_addr().map_err(|error| Failure::Unexpected(format!("adresse locale inconnue : {error}")))?;
    Ok(format!("http://{address}"))
}

pub(super) fn unavailable(error: io::Error) -> Failure {
    Failure::Unexpected(format!("remplaçants locaux indisponibles : {error}"))
}

pub(super) fn registered(error: RegisterError) -> Failure {
    match error {
        RegisterError::Stack(error) => stack_failure(error),
        RegisterError::Save(error) => Failure::Data(error.to_string()),
        RegisterError::Api { .. } => Failure::Stack(error.to_string()),
    }
}

pub(super) fn called(error: CallError) -> Failure {
    Failure::Stack(error.to_string())
}

pub(super) fn stack_failure(error: StackError) -> Failure {
    match error {
        StackError::Open(_) | StackError::TableChanged(_) => Failure::Data(error.to_string()),
        _ => Failure::Stack(error.to_string()),
    }
}

fn spawn(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) -> impl Future<Output = ()> {
    // Small answers must not wait for Nagle's algorithm.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
    });
    let stopped = async move { drop(stop.wait_for(|stopped| *stopped).await) };
    let task = tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
    async move { drop(task.await) }
}

/// Resolves at Ctrl-C or SIGTERM.
async fn signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn machine_greeting(
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

fn human_greeting(api_url: &str, aws_url: &str, registry: &ServiceRegistry, kept: Option<&ServeOptions>) -> String {
    let key = |service: &str| registry.get(service).map_or("", |known| known.projects_key.as_str());
    let mut keys = String::new();
    for service in SERVICES {
        let sync = registry.get(service).map_or("", |known| known.sync_key.as_str());
        keys.push_str(&format!("  {service:<18} {}\n  {:<18} {sync}  (portée sync)\n", key(service), ""));
    }
    let coop = registry.get(COOP).map_or("", |known| known.sync_key.as_str());
    keys.push_str(&format!("  {COOP:<18} {coop}  (portée sync, /coop/v1)\n"));
    let kept = match kept {
        Some(options) => format!("Données gardées dans {}", options.data.display()),
        None => "Tout en mémoire : rien ne sera gardé".to_owned(),
    };
    let call = format!("curl -sS {api_url}/communs/v1/projects");
    let user = "-H 'X-User-Email: camille@ville.example'";
    let json = "-H 'Content-Type: application/json'";
    let (mec, tet) = (key("mec"), key("tet"));
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
