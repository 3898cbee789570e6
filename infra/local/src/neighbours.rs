//! Stand-ins for other people's APIs, on loopback: Portail DF and Brevo. They speak the API the real ones speak, fail
//! when told to, and count what they are asked.

pub mod brevo;
pub mod portail_df;

use std::net::Ipv4Addr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

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
