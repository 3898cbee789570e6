//! Files that argue with each other: documents, templates, pages and the code.

mod alarms;
mod openapi;
mod permissions;
mod readme;
mod schedules;
mod sources;
mod structure;
mod template;
mod version;
