//! Least privilege: what `template.yaml` grants each function is what the list beside the function says, nothing more
//! and nothing missing. That the lists say what the code calls is shown by the acceptance cases, which note each call.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::permissions::{self, FUNCTIONS};
use chrono::Utc;
use domain::api_key::{Scope, Service, new_api_key};
use domain::communs::project::ProjectId;
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::projects::ProjectReader;
use passerelle::store::error::StoreError;
use passerelle_local::runtime::{Permissions, Used, guarded, table_arn};
use passerelle_local::stack::{Stack, StackOptions};
use sam_template::{EMBEDDED, Expression, Function, Names, Role, Template};
use uuid::Uuid;

/// What Lambda needs of a queue to read it for a function.
const READING: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

#[test]
fn each_role_grants_what_the_list_beside_its_function_says() {
    let template = Template::parse(EMBEDDED).unwrap();
    assert_eq!(template.functions.len(), FUNCTIONS.len());
    assert_eq!(template.roles.len(), FUNCTIONS.len(), "one role a function");
    for id in FUNCTIONS {
        let function = template.functions.iter().find(|function| function.name == id.id).unwrap();
        let role = template.roles.iter().find(|role| Some(&role.name) == function.role.as_ref()).unwrap();
        assert_eq!(role.name, format!("{}Role", function.name), "a role of its own");
        let granted = granted(function, role);
        let mut expected: BTreeSet<String> = permissions::granted(id);
        for source in &function.sources {
            let variable = in_variables(function, &source.queue);
            expected.extend(READING.map(|action| format!("{action} {variable}")));
        }
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            expected.insert(format!("{action} {}Logs", function.name));
        }
        let missing: Vec<_> = expected.difference(&granted).collect();
        let too_much: Vec<_> = granted.difference(&expected).collect();
        assert!(missing.is_empty() && too_much.is_empty(), "{}: missing {missing:?}, too much {too_much:?}", id.id);
    }
}

/// What an operator may do with the policy of that name, on a table with one key.
#[tokio::test]
async fn operators_alone_write_keys_and_nothing_else() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let template = Template::parse(EMBEDDED).unwrap();
    let [policy] = template.policies.as_slice() else { panic!("one policy") };
    let mut names = Names::default();
    names.set_attribute("CommunsTable", "Arn", table_arn("CommunsTable"));
    let permissions = Permissions::of(policy, &names).unwrap();
    let sdk = guarded(&stack.engines().sdk_config(), permissions, Used::default());
    let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(&sdk), "CommunsTable".to_owned());

    let mec = Service::parse("mec").unwrap();
    let key = new_api_key(&mec, &[7; 32]);
    store.issue_key(&key, &mec, Scope::Sync, Utc::now()).await.unwrap();
    assert_eq!(store.keys_of(&mec, Scope::Sync).await.unwrap().len(), 1);
    assert!(store.revoke_key(&key.hash).await.unwrap());

    let project = ProjectId::from(Uuid::nil());
    let projects = ProjectReader::new(store);
    assert!(matches!(projects.project(project).await, Err(StoreError::Refused { .. })), "projects are none of theirs");
}

/// The grants of a role, resources named by the variables of its function.
fn granted(function: &Function, role: &Role) -> BTreeSet<String> {
    let grants = role.statements.iter().flat_map(|statement| {
        statement.actions.iter().flat_map(move |action| {
            let keys = statement.keys.as_ref().map(|keys| format!(" keys {keys}")).unwrap_or_default();
            statement
                .resources
                .iter()
                .map(move |resource| format!("{action} {}{keys}", in_variables(function, resource)))
        })
    });
    grants.collect()
}

/// The variable through which a function knows a resource, `/index/...` after it where it is an index.
fn in_variables(function: &Function, resource: &Expression) -> String {
    let variables: BTreeMap<&str, &str> = function
        .environment
        .iter()
        .filter_map(|(variable, value)| match value {
            Expression::Ref(id) => Some((id.as_str(), variable.as_str())),
            _ => None,
        })
        .collect();
    let named = |id: &str| variables.get(id).map_or_else(|| id.to_owned(), |&variable| variable.to_owned());
    match resource {
        Expression::Text(text) => text.clone(),
        Expression::Ref(id) | Expression::GetAtt { resource: id, .. } => named(id),
        Expression::Sub(text) => {
            let (id, rest) = text.strip_prefix("${").and_then(|text| text.split_once(".Arn}")).unwrap();
            format!("{}{rest}", named(id))
        }
    }
}
