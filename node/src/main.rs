//! The program `node`; all of it is in the library.

fn main() -> std::process::ExitCode {
    plugcoin_node::cli::main()
}
