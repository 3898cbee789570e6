//! Arguments of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", version, about = "Mesure Passerelle sur cette machine.", disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do. The last two are the helper processes.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(about = "Débit, latence, isolation et durabilité des webhooks")]
    Webhooks(WebhooksOptions),
    #[command(about = "kill -9 des centaines de fois, à chaque étape, sous charge : rien n'est perdu")]
    Crash(CrashOptions),
    #[command(about = "Export de 100 000 logements : lignes par seconde et mémoire")]
    Export,
    #[command(about = "Synchronisation de nuit de la Coop : durée, processeur et mémoire")]
    Nightly(NightlyOptions),
    #[command(about = "Démarrage et taille des fonctions, à côté de la plus petite possible")]
    Coldstart(ColdstartOptions),
    #[command(about = "Temps de démarrage et mémoire de la pile locale")]
    Start(StartOptions),
    #[command(hide = true)]
    Sink,
    #[command(hide = true)]
    Load,
}

/// How to measure webhooks.
#[derive(Args)]
pub(crate) struct WebhooksOptions {
    #[arg(long, value_name = "SECONDES", help = "durée de chaque scénario (15 par défaut)")]
    pub(crate) duration: Option<u32>,
    #[arg(long, conflicts_with = "duration", help = "3 secondes par scénario : l'outil marche-t-il ?")]
    pub(crate) quick: bool,
    #[arg(long, value_name = "NOM", value_delimiter = ',', help = "seulement ces scénarios, par leur nom")]
    pub(crate) only: Vec<String>,
    #[arg(long, value_name = "FICHIER", help = "écrit aussi les mesures en JSON")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// How to crash the stack.
#[derive(Args)]
pub(crate) struct CrashOptions {
    #[arg(long, default_value_t = 200, value_name = "NOMBRE", help = "arrêts brutaux, répartis sur les étapes")]
    pub(crate) rounds: u32,
    #[arg(long, default_value_t = 1, value_name = "NOMBRE", help = "graine : la même rejoue les mêmes arrêts")]
    pub(crate) seed: u64,
    #[arg(long, value_name = "FICHIER", help = "écrit aussi le bilan en JSON")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// How to measure nights.
#[derive(Args)]
pub(crate) struct NightlyOptions {
    #[arg(long, default_value_t = 10_000, value_name = "NOMBRE", help = "utilisateurs de la Coop")]
    pub(crate) users: u64,
    #[arg(long, default_value_t = 50, value_name = "MS", help = "temps de réponse du Dataspace")]
    pub(crate) delay: u64,
    #[arg(long, value_name = "FICHIER", help = "écrit aussi les mesures en JSON")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// How to measure the functions' starts.
#[derive(Args)]
pub(crate) struct ColdstartOptions {
    #[arg(long, default_value_t = 30, value_name = "NOMBRE", help = "démarrages de chaque fonction")]
    pub(crate) runs: u32,
}

/// How to measure starts.
#[derive(Args)]
pub(crate) struct StartOptions {
    #[arg(long, default_value_t = 5, value_name = "NOMBRE", help = "démarrages de chaque sorte")]
    pub(crate) runs: u32,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What is measured, and where it keeps its data.
#[derive(Args)]
pub(crate) struct Place {
    #[arg(long, value_name = "FICHIER", help = "le programme passerelle à mesurer, au lieu de celui d'à côté")]
    pub(crate) binary: Option<PathBuf>,
    #[arg(
        long,
        value_name = "DOSSIER",
        help = "où créer les dossiers de données (par défaut à côté du programme : un vrai disque, pas un tmpfs)"
    )]
    pub(crate) folder: Option<PathBuf>,
}
