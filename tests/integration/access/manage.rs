//! Keys of scope `manage`: each belongs to the operators of one domain, and to nobody else.

use acceptance::api::Caller;
use acceptance::world::World;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::api_key::{KeyHash, Scope};

use super::table::Column;

/// The services that hold one, and one that must not: its key was written past the operators' command.
pub const MANAGERS: [&str; 4] = ["zlv", "coop", "exploitation", "tet"];

/// A column for each of them.
pub async fn columns(world: &World) -> Vec<Column> {
    let mut columns = Vec::new();
    for service in MANAGERS {
        let key = world.stack.issue_key("exploitation", Scope::Manage).await.unwrap();
        rename_holder(world, &key, service).await;
        columns.push(Column::new("manage", service, Caller::key(&key)));
    }
    columns
}

/// Makes the stored key one of `service`, and frees its slot.
async fn rename_holder(world: &World, key: &str, service: &str) {
    let text = |text: String| AttributeValue::S(text);
    let dynamodb = aws_sdk_dynamodb::Client::new(world.stack.sdk());
    let table = &world.stack.variables("ProjectsApi")["COMMUNS_TABLE"];
    dynamodb
        .update_item()
        .table_name(table)
        .key("PK", text(format!("K#{}", KeyHash::of(key).as_str())))
        .key("SK", text("K".to_owned()))
        .update_expression("SET #service = :service")
        .condition_expression("attribute_exists(#service)")
        .expression_attribute_names("#service", "service")
        .expression_attribute_values(":service", text(service.to_owned()))
        .send()
        .await
        .unwrap();
    let slot = dynamodb.delete_item().table_name(table).key("PK", text("S#exploitation".to_owned()));
    slot.key("SK", text("manage#0".to_owned())).send().await.unwrap();
}
