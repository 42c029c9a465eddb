//! The whole program in a pseudo-terminal, on a real server.
