//! Stand-ins for other people's APIs, on loopback: Portail DF, the Dataspace and Brevo. They speak the API the real ones speak, fail
//! when told to, and count what they are asked.

pub mod brevo;
pub mod dataspace;
pub mod portail_df;

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::brevo::Brevo;
use self::dataspace::Dataspace;
use self::portail_df::{Directory, PortailDf};
use crate::stack::StackOptions;

/// All of them, as long as the stack runs.
pub struct StandIns {
    /// Rights.
    pub portail_df: PortailDf,
    /// People of La Coop.
    pub dataspace: Dataspace,
    /// Mails and contacts, shown in the log.
    pub brevo: Brevo,
}

impl StandIns {
    /// Starts them. They know nobody yet.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start() -> std::io::Result<Self> {
        Ok(Self {
            portail_df: PortailDf::start(Directory::default()).await?,
            dataspace: Dataspace::start().await?,
            brevo: Brevo::start_and_log_mails().await?,
        })
    }

    /// The options of a stack that asks them.
    #[must_use]
    pub fn point_at(&self, options: StackOptions) -> StackOptions {
        options
            .with("PORTAIL_DF_URL", self.portail_df.url())
            .with("DATASPACE_URL", self.dataspace.url())
            .with("BREVO_URL", self.brevo.url())
    }
}

/// How a service is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// It answers this status to everything.
    Status(u16),
    /// It takes requests and never answers.
    Hangs,
    /// It closes every connection.
    Closed,
}

impl Down {
    /// What a client gets.
    async fn answer(self) -> Response {
        match self {
            Self::Status(status) => refused(status),
            Self::Hangs => std::future::pending().await,
            Self::Closed => {
                // A body that fails before its first byte makes the server cut the connection.
                let cut = futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("closed")) });
                Body::from_stream(cut).into_response()
            }
        }
    }
}

fn refused(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({"detail": "refused"}))).into_response()
}

/// A server on a free loopback port, ended when dropped.
#[derive(Debug)]
struct Serving {
    url: String,
    task: JoinHandle<()>,
}

impl Serving {
    async fn start(router: Router) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, task })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
