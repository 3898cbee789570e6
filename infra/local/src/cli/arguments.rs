//! Arguments of the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engines::Fault;
use passerelle_operator::arguments::Parsed;

use super::Failure;

fn help() -> String {
    format!(
        "\
Passerelle en local : tous les services AWS et toutes les fonctions dans un seul processus.

Usage :
  passerelle [OPTIONS]          démarre la pile (Ctrl-C pour arrêter)
  passerelle serve [OPTIONS]    idem
  passerelle demo               rejoue le flux d'exemple des Communs et le vérifie
  passerelle demo droits        connecte cinq personnes de démonstration et montre le chemin de chaque décision
  passerelle demo coop          synchronise six personnes de démonstration et montre ce qui change
  passerelle sync-all           la synchronisation de nuit de la Coop, tout de suite, avec son avancement
{}
Options :
  --port PORT       port de l'API et des boîtes de démonstration (4310 par défaut, 0 : un port libre)
  --aws-port PORT   port des moteurs DynamoDB, SQS et Secrets Manager (4311 par défaut, 0 : un port libre)
  --data DOSSIER    dossier des données (.passerelle par défaut)
  --memory          tout en mémoire : rien n'est gardé
  --json            affiche les adresses et les clés sur une ligne de JSON
  --unkind GRAINE   les services AWS se comportent comme un mauvais jour : refus, conflits, réponses perdues, doublons
  --users NOMBRE    sync-all : utilisateurs inventés, en plus de ceux de démonstration (0 par défaut)
  --delay MS        sync-all : temps de réponse du Dataspace local (50 par défaut)
{}
Codes de retour : 0 tout va bien, 1 erreur imprévue, 2 arguments, 3 port indisponible, 4 dossier de données,
5 démarrage de la pile, 6 étape de la démonstration non conforme, 7 refus de l'API, 8 API injoignable.
",
        passerelle_operator::USAGE,
        passerelle_operator::OPTIONS,
    )
}

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
    /// What an operator does to a deployment.
    #[command(flatten)]
    Operator(passerelle_operator::Command),
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
    /// The seed from which the engines draw what AWS may do to a caller.
    #[arg(long, value_name = "GRAINE")]
    pub(super) unkind: Option<u64>,
    /// A name or address of this machine to answer to, beside those of loopback: for containers behind a relay.
    #[arg(long, hide = true, value_name = "HOST")]
    pub(super) allow_host: Vec<String>,
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
#[command(name = "passerelle", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeOptions,
}

/// Reads the arguments, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed<Command>, Failure> {
    Ok(match passerelle_operator::arguments::parse::<Line>(arguments, &help())? {
        Parsed::Line(line) => Parsed::Line(line.command.unwrap_or(Command::Serve(line.serve))),
        Parsed::Text(text) => Parsed::Text(text),
    })
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

    fn read(line: &str) -> Result<Parsed<Command>, Failure> {
        parse(std::iter::once("passerelle").chain(line.split_whitespace()).map(OsString::from))
    }

    fn served(line: &str) -> ServeOptions {
        match read(line) {
            Ok(Parsed::Line(Command::Serve(options))) => options,
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
        assert_eq!(read("demo").unwrap(), Parsed::Line(Command::Demo { domain: Domain::Communs }));
        assert_eq!(read("demo droits").unwrap(), Parsed::Line(Command::Demo { domain: Domain::Droits }));
        assert_eq!(read("demo coop").unwrap(), Parsed::Line(Command::Demo { domain: Domain::Coop }));
    }

    #[test]
    fn following_all_users_takes_a_number_of_them() {
        let options = |line| match read(line) {
            Ok(Parsed::Line(Command::SyncAll(options))) => options,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!((options("sync-all").users, options("sync-all").delay), (0, 50));
        assert_eq!(options("sync-all --users 10000 --memory").users, 10_000);
    }

    #[test]
    fn operators_commands_are_commands_too() {
        let command = read("copy-table --from A --to B").unwrap();
        assert!(matches!(command, Parsed::Line(Command::Operator(_))), "{command:?}");
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
            assert_eq!(read(line).unwrap(), Parsed::Text(help()), "{line}");
        }
        assert!(matches!(read("--version"), Ok(Parsed::Text(text)) if text.starts_with("passerelle ")));
    }
}
