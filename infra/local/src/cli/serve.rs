//! `passerelle serve`: the stack on two loopback ports, until told to stop.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use domain::api_key::COOP;
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle_operator::process::print;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Failure;
use super::arguments::ServeOptions;
use super::data_folder::DataFolder;
use super::{greeting, loopback};
use crate::caller::{CallError, Caller};
use crate::demo::data;
use crate::demo::inbox::Inboxes;
use crate::demo::registry::{OTHERS, RegisterError, ServiceRegistry};
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
    // Loads and benches ask more of one key than any service does.
    let settings = ["KEY_RATE", "KEY_BURST"]
        .into_iter()
        .fold(StackOptions::new(storage, clock.clone()), |options, name| options.with(name, "100000"));
    let settings = StackOptions { unkind: options.unkind, deaths: options.unkind, ..settings };
    let stack = Stack::start(stand_ins.point_at(settings)).await.map_err(stack_failure)?;
    data::droits::load(&stack).await.map_err(|error| Failure::Stack(error.to_string()))?;
    let inboxes = Inboxes::new(clock);
    let save = |registry: &ServiceRegistry| folder.as_ref().map_or(Ok(()), |folder| folder.write_registry(registry));
    registry.complete(&stack, &api_url, &inboxes, &save).await.map_err(registered)?;
    for service in OTHERS {
        registry.keys(&stack, service, &save).await.map_err(registered)?;
    }
    let coop = registry.get(COOP).and_then(|known| known.sync_key.clone());
    data::coop::register(&Caller::new(stack.api(), coop), 0).await.map_err(called)?;
    for injection in &options.fault {
        stack.engines().faults().inject(&injection.operation, injection.fault.clone(), injection.calls);
    }

    let background = stack.run_in_background();
    let (told, stop) = watch::channel(false);
    let hosts = &options.allow_host;
    let api = spawn(api, loopback::guard(inboxes.router().fallback_service(stack.api()), hosts), stop.clone());
    let aws = spawn(aws, loopback::guard(stack.engines().router(), hosts), stop);
    let greeting = if options.json {
        format!("{}\n", greeting::for_machines(&api_url, &aws_url, &registry, &stand_ins, &stack))
    } else {
        greeting::for_people(&api_url, &aws_url, &registry, folder.is_some().then_some(&options))
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
        StackError::Open(_) | StackError::TableChanged(_) | StackError::KeysLost => Failure::Data(error.to_string()),
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
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stopped = async move { drop(stop.wait_for(|stopped| *stopped).await) };
    let task = tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(stopped).into_future());
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
