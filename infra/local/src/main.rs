//! `passerelle`: the local stack. See `passerelle --help`.

fn main() -> std::process::ExitCode {
    passerelle_local::cli::main()
}
