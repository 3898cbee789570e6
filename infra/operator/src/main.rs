//! `passerelle-operator`: the operators' commands of `passerelle`, without the local stack. See `--help`.

fn main() -> std::process::ExitCode {
    passerelle_operator::main()
}
