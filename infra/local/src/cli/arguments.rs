//! Arguments of the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};

use domain::api_key::{KeyHash, Scope, Service};

use super::Failure;
use engines::Fault;

const HELP: &str = "\
Passerelle en local : tous les services AWS et toutes les fonctions dans un seul processus.

Usage :
  passerelle [OPTIONS]          démarre la pile (Ctrl-C pour arrêter)
  passerelle serve [OPTIONS]    idem
  passerelle demo               rejoue le flux d'exemple des Communs et le vérifie
  passerelle demo droits        connecte cinq personnes de démonstration et montre le chemin de chaque décision
  passerelle demo coop          synchronise six personnes de démonstration et montre ce qui change
  passerelle sync-all           la synchronisation de nuit de la Coop, tout de suite, avec son avancement
  passerelle keys --table TABLE issue SERVICE PORTÉE
                                donne à un service une clé d'API, affichée cette seule fois (projects, sync, manage)
  passerelle keys --table TABLE list SERVICE
                                les empreintes des clés d'un service
  passerelle keys --table TABLE revoke EMPREINTE
                                révoque une clé
  passerelle copy-table --from TABLE --to TABLE [--overwrite]
                                recopie une table restaurée dans celle d'un déploiement : ce qui y manque, ou tout

Options :
  --port PORT       port de l'API et des boîtes de démonstration (4310 par défaut, 0 : un port libre)
  --aws-port PORT   port des moteurs DynamoDB, SQS et Secrets Manager (4311 par défaut, 0 : un port libre)
  --data DOSSIER    dossier des données (.passerelle par défaut)
  --memory          tout en mémoire : rien n'est gardé
  --json            affiche les adresses et les clés sur une ligne de JSON
  --users NOMBRE    sync-all : utilisateurs inventés, en plus de ceux de démonstration (0 par défaut)
  --table TABLE     keys : la table des Communs du déploiement ; région et identifiants AWS viennent de l'environnement
  --from, --to      copy-table : les deux tables
  --overwrite       copy-table : remplace aussi ce qui existe (arrêter les écritures d'abord)
  --delay MS        sync-all : temps de réponse du Dataspace local (50 par défaut)
  -h, --help        cette aide
  -V, --version     la version

Codes de retour : 0 tout va bien, 1 erreur imprévue, 2 arguments, 3 port indisponible, 4 dossier de données,
5 démarrage de la pile, 6 étape de la démonstration non conforme.
";

/// What to do.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(super) enum Command {
    /// Starts the stack.
    Serve(ServeOptions),
    /// Plays an example flow.
    Demo {
        /// Of which domain.
        #[arg(value_enum, default_value_t = Domain::Communs)]
        domain: Domain,
    },
    /// Follows all users of La Coop now.
    SyncAll(SyncAllOptions),
    /// Looks after the API keys of a deployment.
    Keys(Keys),
    /// Copies a restored table into the one of a deployment.
    CopyTable(CopyTable),
}

/// From where to where.
#[derive(Debug, PartialEq, Eq, Args)]
pub(super) struct CopyTable {
    /// The restored table.
    #[arg(long, value_name = "TABLE")]
    pub(super) from: String,
    /// The table of the deployment.
    #[arg(long, value_name = "TABLE")]
    pub(super) to: String,
    /// Also replace what is there.
    #[arg(long)]
    pub(super) overwrite: bool,
}

/// What to do with the API keys of which deployment.
#[derive(Debug, PartialEq, Eq, Args)]
pub(super) struct Keys {
    /// Table of the domain communs.
    #[arg(long, value_name = "TABLE")]
    pub(super) table: String,
    #[command(subcommand)]
    pub(super) action: KeysAction,
}

/// What to do with API keys.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(super) enum KeysAction {
    /// Issues one, shown once.
    Issue {
        /// Whose.
        #[arg(value_parser = service)]
        service: Service,
        /// What it opens.
        #[arg(value_enum)]
        scope: ScopeName,
    },
    /// Shows the hashes of a service's keys.
    List {
        /// Whose.
        #[arg(value_parser = service)]
        service: Service,
    },
    /// Revokes one.
    Revoke {
        /// As `list` shows it.
        #[arg(value_parser = hash)]
        hash: KeyHash,
    },
}

/// A scope, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ScopeName {
    /// Projects, on behalf of users.
    Projects,
    /// From server to server.
    Sync,
    /// Management.
    Manage,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Projects => Self::Projects,
            ScopeName::Sync => Self::Sync,
            ScopeName::Manage => Self::Manage,
        }
    }
}

fn service(text: &str) -> Result<Service, &'static str> {
    Service::parse(text).ok_or("a service name is 1 to 40 of a-z, 0-9 and -")
}

fn hash(text: &str) -> Result<KeyHash, &'static str> {
    KeyHash::parse(text).ok_or("a hash is 64 hexadecimal digits")
}

/// The domains with an example flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Domain {
    /// Projects and webhooks.
    Communs,
    /// Sign-in.
    Droits,
    /// Synchronisation.
    Coop,
}

/// How to follow all users.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(super) struct SyncAllOptions {
    /// Data folder.
    #[arg(long, default_value = ".passerelle", value_name = "DOSSIER")]
    pub(super) data: PathBuf,
    /// Keep nothing.
    #[arg(long, conflicts_with = "data")]
    pub(super) memory: bool,
    /// One line of JSON instead of the summary.
    #[arg(long)]
    pub(super) json: bool,
    /// Made-up users, beside the demonstration people.
    #[arg(long, default_value_t = 0, value_name = "NOMBRE")]
    pub(super) users: usize,
    /// How long the stand-in for the Dataspace takes to answer, in milliseconds.
    #[arg(long, default_value_t = 50, value_name = "MS")]
    pub(super) delay: u64,
}

/// How to start the stack.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(super) struct ServeOptions {
    /// Port of the API.
    #[arg(long, default_value_t = 4310, value_name = "PORT")]
    pub(super) port: u16,
    /// Port of the engines.
    #[arg(long, default_value_t = 4311, value_name = "PORT")]
    pub(super) aws_port: u16,
    /// Data folder.
    #[arg(long, default_value = ".passerelle", value_name = "DOSSIER")]
    pub(super) data: PathBuf,
    /// Keep nothing.
    #[arg(long, conflicts_with = "data")]
    pub(super) memory: bool,
    /// One line of JSON instead of the greeting.
    #[arg(long)]
    pub(super) json: bool,
    /// For crash tests: `OPERATION:KIND:CALLS`, injected once the stack is up.
    #[arg(long, hide = true, value_parser = injection)]
    pub(super) fault: Vec<Injection>,
}

/// A fault to inject into the engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Injection {
    /// E.g. `TransactWriteItems`.
    pub(super) operation: String,
    /// What goes wrong.
    pub(super) fault: Fault,
    /// With how many calls.
    pub(super) calls: usize,
}

#[derive(Parser)]
#[command(name = "passerelle", version, args_conflicts_with_subcommands = true, override_help = HELP)]
#[command(disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeOptions,
}

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// To do something.
    Command(Command),
    /// To print this text (help, version).
    Help(String),
}

/// Reads the arguments, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, Failure> {
    match Line::try_parse_from(arguments) {
        Ok(line) => Ok(Parsed::Command(line.command.unwrap_or(Command::Serve(line.serve)))),
        Err(error) if error.kind() == ErrorKind::DisplayVersion => Ok(Parsed::Help(error.to_string())),
        // Whichever subcommand it was asked of, there is one page of help.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => Ok(Parsed::Help(HELP.to_owned())),
        Err(error) => {
            let about = |kind| error.get(kind).map(ToString::to_string);
            let argument =
                about(ContextKind::InvalidArg).or_else(|| about(ContextKind::InvalidSubcommand)).unwrap_or_default();
            let detail = match (error.kind(), about(ContextKind::InvalidValue)) {
                (ErrorKind::ArgumentConflict, _) => "ne va pas avec les autres arguments".to_owned(),
                (_, Some(value)) if !value.is_empty() => format!("n'accepte pas la valeur « {value} »"),
                (ErrorKind::InvalidValue, _) => "attend une valeur".to_owned(),
                _ => "n'est pas compris".to_owned(),
            };
            Err(Failure::Arguments(format!("l'argument « {argument} » {detail} (voir passerelle --help)")))
        }
    }
}

fn injection(text: &str) -> Result<Injection, String> {
    let wrong =
        || "forme attendue : OPERATION:throttle|conflict|error|lost|pass|kill|kill-after|delay=MS:NOMBRE".to_owned();
    let [operation, kind, calls] = text.split(':').collect::<Vec<_>>()[..] else { return Err(wrong()) };
    let fault = match kind.split_once('=') {
        Some(("delay", millis)) => Fault::Delay(Duration::from_millis(millis.parse().map_err(|_| wrong())?)),
        None if kind == "throttle" => Fault::Throttle,
        None if kind == "conflict" => Fault::Conflict,
        None if kind == "error" => Fault::ServerError,
        None if kind == "lost" => Fault::LostAnswer,
        None if kind == "pass" => Fault::Pass,
        None if kind == "kill" => Fault::Kill,
        None if kind == "kill-after" => Fault::KillAfter,
        _ => return Err(wrong()),
    };
    let calls = calls.parse().map_err(|_| wrong())?;
    Ok(Injection { operation: operation.to_owned(), fault, calls })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Parsed, Failure> {
        parse(std::iter::once("passerelle").chain(line.split_whitespace()).map(OsString::from))
    }

    fn served(line: &str) -> ServeOptions {
        match read(line) {
            Ok(Parsed::Command(Command::Serve(options))) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn serving_is_what_happens_by_default() {
        let options = served("");
        assert_eq!((options.port, options.aws_port, options.memory), (4310, 4311, false));
        assert_eq!(options.data, PathBuf::from(".passerelle"));
        assert_eq!(options, served("serve"));
        assert_eq!(served("--port 0 --memory"), served("serve --port 0 --memory"));
        assert_eq!(read("demo").unwrap(), Parsed::Command(Command::Demo { domain: Domain::Communs }));
        assert_eq!(read("demo droits").unwrap(), Parsed::Command(Command::Demo { domain: Domain::Droits }));
        assert_eq!(read("demo coop").unwrap(), Parsed::Command(Command::Demo { domain: Domain::Coop }));
    }

    #[test]
    fn following_all_users_takes_a_number_of_them() {
        let options = |line| match read(line) {
            Ok(Parsed::Command(Command::SyncAll(options))) => options,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!((options("sync-all").users, options("sync-all").delay), (0, 50));
        assert_eq!(options("sync-all --users 10000 --memory").users, 10_000);
    }

    #[test]
    fn keys_name_their_table_service_and_scope() {
        let keys = |line| match read(line) {
            Ok(Parsed::Command(Command::Keys(keys))) => keys,
            other => panic!("{line}: {other:?}"),
        };
        let issue = keys("keys --table T issue zlv sync");
        assert_eq!(issue.table, "T");
        let service = Service::parse("zlv").unwrap();
        assert_eq!(issue.action, KeysAction::Issue { service, scope: ScopeName::Sync });
        for wrong in ["keys issue zlv sync", "keys --table T issue ZLV sync", "keys --table T issue zlv all"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read("keys --table T revoke abc").is_err());
    }

    #[test]
    fn copying_overwrites_only_when_asked() {
        let copy = |line| match read(line) {
            Ok(Parsed::Command(Command::CopyTable(copy))) => copy,
            other => panic!("{line}: {other:?}"),
        };
        assert!(!copy("copy-table --from A --to B").overwrite);
        assert!(copy("copy-table --from A --to B --overwrite").overwrite);
        assert!(read("copy-table --from A").is_err());
    }

    #[test]
    fn faults_are_read() {
        let options = served("serve --fault PutItem:lost:3 --fault SendMessage:delay=250:1");
        let delay = Fault::Delay(Duration::from_millis(250));
        let expected = [("PutItem", Fault::LostAnswer, 3), ("SendMessage", delay, 1)]
            .map(|(operation, fault, calls)| Injection { operation: operation.to_owned(), fault, calls });
        assert_eq!(options.fault, expected);
    }

    #[test]
    fn what_is_not_understood_is_one_french_sentence() {
        for (line, expected) in [
            ("--vite", "l'argument « --vite » n'est pas compris"),
            ("danser", "l'argument « danser » n'est pas compris"),
            ("--port douze", "n'accepte pas la valeur « douze »"),
            ("--port", "attend une valeur"),
            ("--memory --data ici", "ne va pas avec les autres arguments"),
            ("--fault PutItem:oups:1", "n'accepte pas la valeur « PutItem:oups:1 »"),
        ] {
            let failure = read(line).unwrap_err();
            assert_eq!(failure.status(), 2);
            assert!(failure.to_string().contains(expected), "{line}: {failure}");
        }
    }

    #[test]
    fn help_is_in_french_everywhere() {
        for line in ["--help", "-h", "serve --help"] {
            assert_eq!(read(line).unwrap(), Parsed::Help(HELP.to_owned()), "{line}");
        }
        assert!(matches!(read("--version"), Ok(Parsed::Help(text)) if text.starts_with("passerelle ")));
    }
}
