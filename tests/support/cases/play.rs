//! One case as it is played: its world, and what it has said and learnt so far.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::api_key::Scope;
use serde_json::Value;
use uuid::Uuid;

use crate::api::{Answer, Call};
use crate::cases::given::Given;
use crate::cases::subscriptions::Subscriptions;
use crate::cases::{coop, droits};
use crate::names::Names;
use crate::world::{Settings, World};

const DEFAULT_SERVICES: [&str; 4] = ["mec", "tet", "recoco", "aides-territoires"];

/// Whose key of scope `manage` the caller `"manage"` stands for: that of the domain called, the operators' elsewhere.
const MANAGERS: [(&str, &str); 3] = [("/droits/", "zlv"), ("/coop/", "coop"), ("/", "exploitation")];

/// Everything one case acts on.
pub struct Play {
    pub world: World,
    pub names: Names,
    pub subscriptions: Subscriptions,
    /// The user of the coop whose state is looked at.
    pub coop_user: Option<Uuid>,
    keys: HashMap<(String, Scope), String>,
}

impl Play {
    /// An empty world whose clock stands at `now`, with the settings that `given` asks for.
    pub async fn start(now: DateTime<Utc>, given: &Value, unkind: Option<u64>) -> Result<Self, String> {
        let variables = [droits::variables(given), coop::variables()].into_iter().flatten().collect();
        let settings = Settings { now, variables, unkind, ..Settings::default() };
        let world = World::try_with(settings).await.map_err(|error| format!("démarrage: {error}"))?;
        Ok(Self {
            world,
            names: Names::default(),
            subscriptions: Subscriptions::default(),
            coop_user: None,
            keys: HashMap::new(),
        })
    }

    /// Brings about the surroundings before the first step.
    pub async fn begin(&mut self, given: Value) -> Result<(), String> {
        let mut given = Given::parse(given)?;
        given.services.get_or_insert_with(|| DEFAULT_SERVICES.map(str::to_owned).into());
        self.apply(given).await
    }

    /// Changes the surroundings between two steps.
    pub async fn change(&mut self, given: &Value) -> Result<(), String> {
        let given = Given::parse(self.names.resolve(given))?;
        self.apply(given).await
    }

    async fn apply(&mut self, given: Given) -> Result<(), String> {
        for service in given.services.iter().flatten() {
            for scope in [Scope::Projects, Scope::Sync] {
                self.issue_key(service, scope).await?;
            }
        }
        for webhook in given.webhooks {
            Subscriptions::apply(self, webhook).await?;
        }
        droits::apply(self, given.droits).await?;
        coop::apply(self, given.coop).await
    }

    async fn issue_key(&mut self, service: &str, scope: Scope) -> Result<(), String> {
        let slot = (service.to_owned(), scope);
        if self.keys.contains_key(&slot) {
            return Ok(());
        }
        let key = self.world.stack.issue_key(service, scope).await;
        self.keys.insert(slot, key.map_err(|error| format!("clé de {service}: {error}"))?);
        Ok(())
    }

    /// The `Authorization` value of a caller of `path`, as cases name them; none for `anonymous`.
    pub async fn authorization(&mut self, caller: &str, path: &str) -> Result<Option<String>, String> {
        let (service, scope) = match caller.split_once(':') {
            None if caller == "anonymous" => return Ok(None),
            None if caller == "manage" => {
                let manager = MANAGERS.iter().find(|(prefix, _)| path.starts_with(prefix));
                (manager.map_or(caller, |(_, service)| service), Scope::Manage)
            }
            None => (caller, Scope::Projects),
            Some((service, "sync")) => (service, Scope::Sync),
            Some((service, "manage")) => (service, Scope::Manage),
            Some(("user", saved)) => {
                let token = self.names.get(saved).and_then(Value::as_str);
                let token = token.ok_or_else(|| format!("aucun jeton retenu sous {saved:?}"))?;
                return Ok(Some(format!("Bearer {token}")));
            }
            Some(_) => return Err(format!("construction inconnue: as {caller:?}")),
        };
        if scope == Scope::Manage {
            self.issue_key(service, scope).await?;
        }
        let key = self
            .keys
            .get(&(service.to_owned(), scope))
            .ok_or_else(|| format!("construction inconnue: as {caller:?}: service non déclaré"))?;
        Ok(Some(format!("Bearer {key}")))
    }

    /// Sends a request of the runner's own.
    pub async fn call_as(
        &mut self,
        caller: &str,
        method: &str,
        path: String,
        body: Option<Value>,
    ) -> Result<Answer, String> {
        let authorization = self.authorization(caller, &path).await?;
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
        self.call(Call { method: method.to_owned(), path, headers, body: body.map(|body| body.to_string()) }).await
    }

    /// Sends one request through the real router.
    pub async fn call(&mut self, call: Call) -> Result<Answer, String> {
        let answer = call.send(&self.world.stack.api()).await?;
        Subscriptions::learn(self, &call.path, &answer)?;
        Ok(answer)
    }
}
