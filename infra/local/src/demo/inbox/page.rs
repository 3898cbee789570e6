//! The inbox as a page: plain HTML that refreshes itself every two seconds.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Contents, Received};

/// The page of one inbox.
pub(super) fn inbox(contents: &Contents<'_>) -> String {
    let service = escaped(contents.service);
    let mut body = format!("<p><a href=\"/inbox\">toutes les boîtes</a></p><h1>Webhooks reçus par {service}</h1>");
    if contents.refused > 0 {
        // Writing to a String cannot fail; so does every `write!` below.
        let _ = write!(body, "<p>Refusés, signature non vérifiée : {}</p>", contents.refused);
    }
    if contents.received.is_empty() {
        body.push_str("<p>Aucun pour l’instant : cette page se rafraîchit toute seule.</p>");
    } else {
        body.push_str(
            "<table><tr><th>Reçu à</th><th>Événement</th><th>Projet</th><th>Version</th><th>Statut</th>\
             <th>Libellé pour ce service</th><th>Corps</th></tr>",
        );
        for received in &contents.received {
            row(&mut body, received);
        }
        body.push_str("</table>");
    }
    page(&format!("Boîte de {service}"), &body)
}

/// The page that lists the inboxes.
pub(super) fn list(services: &[&str]) -> String {
    let mut body = "<h1>Boîtes de démonstration</h1><ul>".to_owned();
    for service in services {
        let service = escaped(service);
        let _ = write!(body, "<li><a href=\"/inbox/{service}\">{service}</a></li>");
    }
    body.push_str("</ul>");
    page("Boîtes de démonstration", &body)
}

fn row(body: &mut String, received: &Received) {
    let data = &received.body["data"];
    let project = &data["project"];
    let copies = if received.copies > 1 { format!(" (× {})", received.copies) } else { String::new() };
    let json = serde_json::to_string_pretty(&received.body).unwrap_or_default();
    let _ = write!(
        body,
        "<tr><td>{}</td><td>{}{copies}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td><details><summary>JSON</summary><pre>{}</pre></details></td></tr>",
        received.at.format("%H:%M:%S%.3f"),
        cell(&received.body["type"]),
        cell(&project["nom"]),
        cell(&data["version"]),
        cell(&project["statut"]),
        cell(&project["statutNatif"]),
        escaped(&json),
    );
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => escaped(text),
        other => escaped(&other.to_string()),
    }
}

/// Text from outside, made harmless in HTML text and quoted attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">\
         <title>{title}</title><style>body{{font-family:sans-serif;margin:2rem}}table{{border-collapse:collapse}}\
         td,th{{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}}</style></head>\
         <body>{body}</body></html>"
    )
}
