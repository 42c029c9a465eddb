//! The `limbeck` program: arguments, runtime, exit status.

fn main() {}
