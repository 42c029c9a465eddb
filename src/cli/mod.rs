//! The command line: arguments, commands, output for people and as JSON, errors in words.
