//! `passerelle`: the local stack. See `passerelle --help`.

/// The stack allocates from two threads at once, thousands of small pieces per change: glibc's allocator spends a fifth
/// of the processor on it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    passerelle_local::cli::main()
}
