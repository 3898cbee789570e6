//! What an operator does to a deployment. `passerelle` offers these commands too; this crate and its program build
//! without the local stack and its engines.
//!
//! Everything the person reads is in French. A failure is one sentence on the error stream and one of the
//! [`Failure`] statuses.

pub mod arguments;
pub mod communs;
pub mod coop;
pub mod copy_table;
pub mod deployment;
pub mod droits;
pub mod keys;
pub mod process;
pub mod watch_accounts;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use arguments::Parsed;

/// Why a command did not do what it was asked, and with which exit status the program ends.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Status 1: something nobody foresaw.
    #[error("{0}")]
    Unexpected(String),
    /// Status 2: the arguments were not understood, or name what is not there.
    #[error("{0}")]
    Arguments(String),
    /// Status 7: the API refused. 3 to 6 are the local stack's.
    #[error("{0}")]
    Refused(String),
    /// Status 8: the API did not answer, or otherwise than agreed; whether it did what was asked is not known.
    #[error("{0}")]
    Unreachable(String),
}

impl Failure {
    /// The exit status.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Unexpected(_) => 1,
            Self::Arguments(_) => 2,
            Self::Refused(_) => 7,
            Self::Unreachable(_) => 8,
        }
    }

    /// An error of the store or of AWS with its causes, which say more than its own text.
    fn of_table(error: &(dyn std::error::Error + 'static)) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        Self::Unexpected(format!("table inaccessible : {}", causes.join(" : ")))
    }
}

/// The operators' commands.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Looks after the API keys of a deployment.
    Keys(keys::Keys),
    /// Copies a restored table into the one of a deployment.
    CopyTable(copy_table::CopyTable),
    /// Has retention see the accounts of droits that older code wrote.
    WatchAccounts(watch_accounts::WatchAccounts),
    /// Changes made in the name of a person.
    Communs(communs::Communs),
    /// Nightly runs of La Coop, and the end of a user.
    Coop(coop::Coop),
    /// Accounts, explanations and loads of Zéro Logement Vacant.
    Droits(droits::Droits),
}

/// The lines of the help on these commands.
pub const USAGE: &str = "  passerelle keys --table TABLE issue SERVICE PORTÉE
                                donne à un service une clé d'API, affichée cette seule fois (projects, sync ; manage pour
                                zlv, coop et exploitation, le service réservé aux exploitants)
  passerelle keys --table TABLE list SERVICE
                                les empreintes des clés d'un service
  passerelle keys --table TABLE revoke EMPREINTE
                                révoque une clé
  passerelle copy-table --from TABLE --to TABLE [--overwrite] [--email-hmac-secret SECRET]
                                recopie une table restaurée dans celle d'un déploiement : ce qui y manque, ou tout, sauf les
                                personnes effacées depuis
  passerelle watch-accounts --table TABLE
                                fait suivre par la rétention les comptes écrits avant elle (table des droits)
  passerelle communs --api URL changes ADRESSE [--after CURSEUR]
                                ce qui a été changé dans Les Communs au nom de cette adresse
  passerelle coop --api URL runs
                                les synchronisations de nuit de la Coop
  passerelle coop --api URL resume SYNCHRONISATION
                                reprend celle que son garde-fou a mise en pause
  passerelle coop --api URL delete|erase UTILISATEUR
                                supprime un utilisateur de la Coop, Brevo compris ; l'efface : il n'en reste rien
  passerelle droits --api URL find ADRESSE
                                une personne de Zéro Logement Vacant, supprimée ou non
  passerelle droits --api URL role PERSONNE usual|admin|visitor
                                lui donne un rôle
  passerelle droits --api URL suspend PERSONNE CAUSE
                                la suspend ; la cause lui sera montrée
  passerelle droits --api URL lift PERSONNE
                                met fin à une suspension posée par une personne
  passerelle droits --api URL email PERSONNE ADRESSE
                                change son adresse ; ses sessions prennent fin
  passerelle droits --api URL delete PERSONNE
                                supprime son compte
  passerelle droits --api URL erase ADRESSE
                                efface la personne : compte, droits, demande de compte
  passerelle droits --api URL explain ADRESSE ÉTABLISSEMENT creation|connexion|changement
                                la décision que prendrait Portail DF, et son chemin ; rien n'est modifié
  passerelle droits --api URL load TYPE FICHIER
                                charge les données d'un fichier JSON (establishments, prospects, localities, housing,
                                owners, campaigns, groups, drafts, events)
";

/// The lines of the help on their options.
pub const OPTIONS: &str = "  --table TABLE     keys : la table des Communs du déploiement (watch-accounts : des droits) ; région et identifiants AWS viennent de l'environnement
  --from, --to      copy-table : les deux tables
  --api URL         communs, coop, droits : l'adresse du déploiement (sortie ApiUrl), en https ; la clé, de portée manage (du
                    service coop ou zlv, ou de exploitation), est lue dans la variable PASSERELLE_KEY
  --key-file FICHIER
                    communs, coop, droits : le fichier où est la clé, lisible par vous seul (0600), à la place de la variable
  --json            communs, coop, droits : la réponse de l'API elle-même, une ligne de JSON par appel
  --overwrite       copy-table : remplace aussi ce qui existe (arrêter les écritures d'abord)
  --email-hmac-secret SECRET
                    copy-table, table des Communs : le secret EmailHmacSecret, qui reconnaît les personnes effacées
  -h, --help        cette aide
  -V, --version     la version
";

/// Carries out a command and tells its outcome to `out`. Region, credentials and endpoint come from the environment,
/// as for every AWS tool.
///
/// # Errors
/// When it could not be done.
pub async fn run(command: Command, out: &mut impl Write) -> Result<(), Failure> {
    let tables = async || aws_sdk_dynamodb::Client::new(&passerelle::platform::aws::load().await);
    let key = std::env::var(deployment::KEY).ok();
    match command {
        Command::Keys(keys) => keys::run(tables().await, keys, out).await,
        Command::CopyTable(copy) => copy_table::run(&passerelle::platform::aws::load().await, &copy, out).await,
        Command::WatchAccounts(watch) => watch_accounts::run(tables().await, watch, out).await,
        Command::Communs(communs) => communs.access.carry_out([communs.action.call()], key, out).await,
        Command::Coop(coop) => coop.access.carry_out([coop.action.call()], key, out).await,
        Command::Droits(droits) => droits.access.carry_out(droits.action.calls()?, key, out).await,
    }
}

#[derive(Parser)]
#[command(name = "passerelle", version, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// Runs the program with the arguments of this process, to its end.
pub fn main() -> ExitCode {
    process::exit(run_line(std::env::args_os()), Failure::status)
}

fn run_line(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let help = format!(
        "\
Passerelle, commandes d'exploitation. Aussi dans « passerelle », qui sait en plus démarrer une pile locale.

Usage :
{USAGE}
Options :
{OPTIONS}
Codes de retour : 0 tout va bien, 1 erreur imprévue, 2 arguments, 7 refus de l'API, 8 API injoignable.
"
    );
    match arguments::parse::<Line>(arguments, &help)? {
        Parsed::Text(text) => process::print(&text),
        Parsed::Line(line) => {
            process::log_to_stderr();
            process::runtime()?.block_on(run(line.command, &mut std::io::stdout()))
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::api_key::Service;

    use super::*;
    use crate::copy_table::CopyTable;
    use crate::keys::{Keys, KeysAction, ScopeName};

    fn read(line: &str) -> Result<Command, Failure> {
        let arguments = std::iter::once("passerelle").chain(line.split_whitespace()).map(OsString::from);
        match arguments::parse::<Line>(arguments, "aide")? {
            Parsed::Line(line) => Ok(line.command),
            Parsed::Text(text) => Err(Failure::Unexpected(text)),
        }
    }

    #[test]
    fn keys_name_their_table_service_and_scope() {
        let service = Service::parse("zlv").unwrap();
        let action = KeysAction::Issue { service, scope: ScopeName::Sync };
        let expected = Command::Keys(Keys { table: "T".to_owned(), action });
        assert_eq!(read("keys --table T issue zlv sync").unwrap(), expected);
        for wrong in [
            "keys issue zlv sync",
            "keys --table T issue ZLV sync",
            "keys --table T issue zlv all",
            "keys --table T revoke abc",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn copying_overwrites_only_when_asked() {
        let copy = |overwrite, secret: Option<&str>| {
            let email_hmac_secret = secret.map(str::to_owned);
            Command::CopyTable(CopyTable { from: "A".to_owned(), to: "B".to_owned(), overwrite, email_hmac_secret })
        };
        assert_eq!(read("copy-table --from A --to B").unwrap(), copy(false, None));
        assert_eq!(read("copy-table --from A --to B --overwrite").unwrap(), copy(true, None));
        assert_eq!(read("copy-table --from A --to B --email-hmac-secret S").unwrap(), copy(false, Some("S")));
    }

    #[test]
    fn a_deployment_is_named_and_its_key_is_no_argument() {
        let Command::Droits(droits) =
            read("droits --api https://api.example lift 00000000-0000-4000-8000-000000000001 --json").unwrap()
        else {
            panic!("another command")
        };
        assert!(droits.access.json && droits.access.key_file.is_none());
        assert!(read("coop --api https://api.example --key-file cle runs").is_ok());
        for wrong in [
            "coop runs",
            "coop --api nulle-part runs",
            "coop --api https://api.example --key secret runs",
            "droits --api https://api.example role 00000000-0000-4000-8000-000000000001 chef",
            "droits --api https://api.example delete lea@ville.example",
        ] {
            assert_eq!(read(wrong).unwrap_err().status(), 2, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_understood_is_one_french_sentence() {
        for (line, expected) in [
            ("", "il manque une commande"),
            ("danser", "l'argument « danser » n'est pas compris"),
            ("copy-table --from A", "l'argument « --to <TABLE> » manque"),
            ("keys --table T issue zlv all", "n'accepte pas la valeur « all »"),
        ] {
            let failure = read(line).unwrap_err();
            assert_eq!(failure.status(), 2, "{line}");
            assert!(failure.to_string().contains(expected), "{line}: {failure}");
        }
    }
}
