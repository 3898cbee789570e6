//! Arguments, read by clap; what it does not understand is told in French.

use std::ffi::OsString;

use clap::Parser;
use clap::error::{ContextKind, ErrorKind};

use crate::Failure;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<L> {
    /// To do something.
    Line(L),
    /// To print this text (help, version).
    Text(String),
}

/// Reads the arguments, the program's name first. There is one page of help, whichever subcommand it is asked of.
///
/// # Errors
/// When they are not understood.
pub fn parse<L: Parser>(arguments: impl IntoIterator<Item = OsString>, help: &str) -> Result<Parsed<L>, Failure> {
    match L::try_parse_from(arguments) {
        Ok(line) => Ok(Parsed::Line(line)),
        Err(error) if error.kind() == ErrorKind::DisplayVersion => Ok(Parsed::Text(error.to_string())),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => Ok(Parsed::Text(help.to_owned())),
        Err(error) => Err(Failure::Arguments(explain(&error))),
    }
}

fn explain(error: &clap::Error) -> String {
    let about = |kind| error.get(kind).map(ToString::to_string);
    let argument = about(ContextKind::InvalidArg).or_else(|| about(ContextKind::InvalidSubcommand));
    let Some(argument) = argument else { return "il manque une commande (voir passerelle --help)".to_owned() };
    let detail = match (error.kind(), about(ContextKind::InvalidValue)) {
        (ErrorKind::ArgumentConflict, _) => "ne va pas avec les autres arguments".to_owned(),
        (ErrorKind::MissingRequiredArgument, _) => "manque".to_owned(),
        (_, Some(value)) if !value.is_empty() => format!("n'accepte pas la valeur « {value} »"),
        (ErrorKind::InvalidValue, _) => "attend une valeur".to_owned(),
        _ => "n'est pas compris".to_owned(),
    };
    format!("l'argument « {argument} » {detail} (voir passerelle --help)")
}
