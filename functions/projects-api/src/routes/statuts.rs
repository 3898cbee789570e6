//! The status table of the calling service.

use axum::Json;
use passerelle::communs::statut::{self, Generic};
use serde_json::{Value, json};

use crate::caller::ServiceCaller;

/// `GET /statuts`.
pub(super) async fn read(caller: ServiceCaller) -> Json<Value> {
    let row = |label: &statut::Label| json!({"natif": label.native, "generique": label.generic});
    let statuts: Vec<Value> = statut::accepted(&caller.service).iter().map(row).collect();
    Json(json!({"service": caller.service, "generiques": Generic::ALL, "statuts": statuts}))
}
