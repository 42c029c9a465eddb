//! Choosing addresses: a TCP port of the cluster's own and a folder short enough for a socket.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::TcpListener,
    os::unix::net::UnixListener,
    path::Path,
};

/// First port of the range that clusters choose from, and its size: below the ports that systems
/// hand out for outgoing connections, so that a stopped cluster's port stays free.
const RANGE: (u16, u16) = (15_432, 10_000);

/// Longest path of a socket, in bytes, on the strictest system (macOS; Linux allows 107).
const SOCKET_PATH: usize = 103;

/// Whether nobody listens on this port of 127.0.0.1.
pub(super) fn is_free(port: u16) -> bool {
    port != 0 && TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// A free port other than `not`; each project begins to look at a place of its own.
pub(super) fn choose(project: &Path, not: &[u16]) -> Option<u16> {
    let mut hasher = DefaultHasher::new();
    project.hash(&mut hasher);
    let (first, size) = RANGE;
    let begin = (hasher.finish() % u64::from(size)) as u16;
    (0..size)
        .map(|step| first + (begin + step) % size)
        .find(|port| !not.contains(port) && is_free(*port))
}

/// Whether sockets can be made in this folder: the path is short, plain enough for the server's
/// settings, and the file system knows sockets.
pub(super) fn fits_socket(folder: &Path) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+@".contains(&b);
    let name = folder.join(".s.PGSQL.65535");
    let path = name.as_os_str().as_encoded_bytes();
    if path.len() > SOCKET_PATH || !path.iter().all(|b| plain(*b)) {
        return false;
    }
    let probe = folder.join(".probe");
    let _ = std::fs::remove_file(&probe);
    let made = UnixListener::bind(&probe).is_ok();
    let _ = std::fs::remove_file(&probe);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let project = Path::new("/some/project");
        let first = choose(project, &[]).unwrap();
        let taken = TcpListener::bind(("127.0.0.1", first)).unwrap();
        assert!(!is_free(first));
        let second = choose(project, &[]).unwrap();
        assert_ne!(first, second);
        assert_ne!(choose(project, &[second]).unwrap(), second);
        drop(taken);
    }

    #[test]
    fn long_and_odd_folders_are_no_place_for_a_socket() {
        let folder = tempfile::TempDir::new_in("/tmp").unwrap();
        assert!(fits_socket(folder.path()));
        let long = folder.path().join("x".repeat(100));
        let odd = folder.path().join("a,b c");
        for dir in [&long, &odd] {
            std::fs::create_dir(dir).unwrap();
            assert!(!fits_socket(dir), "{}", dir.display());
        }
    }
}
