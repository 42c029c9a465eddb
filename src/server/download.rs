//! Fetching PostgreSQL's programs for a machine that has none.
//!
//! Never by itself: the caller asks. The archive's SHA-256 is fetched beside it and must match
//! before anything is unpacked.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::ServerError;

/// Where the archives are: `{version}` and `{target}` are filled in. The checksum has the same
/// address with `.sha256` added.
const URL: &str = "https://github.com/theseus-rs/postgresql-binaries/releases/download/{version}/postgresql-{version}-{target}.tar.gz";

/// The newest release of each major version when this was written; the first is the default, and
/// the same major version as in `docker-compose.yml`.
const VERSIONS: &[&str] = &["17.10.0", "18.4.0", "16.14.0", "15.18.0", "14.23.0"];

/// No archive is larger; more is a mistake or an attack.
const AT_MOST: u64 = 512 << 20;

/// What to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    version: String,
    url: String,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {} from {}", self.version, self.url)
    }
}

impl Package {
    /// The package for the settings; an existing cluster's major version counts more than them.
    pub(super) fn new(url: Option<&str>, version: Option<&str>, major: Option<u32>) -> Self {
        let of_major =
            |version: &str, major: u32| version.split('.').next() == Some(&major.to_string());
        let version = match (version, major) {
            (Some(version), None) => version.to_owned(),
            (Some(version), Some(major)) if of_major(version, major) => version.to_owned(),
            (_, Some(major)) => VERSIONS
                .iter()
                .find(|v| of_major(v, major))
                .map_or_else(|| format!("{major}.0.0"), |v| (*v).to_owned()),
            (None, None) => VERSIONS[0].to_owned(),
        };
        let url = url.unwrap_or(URL).replace("{version}", &version).replace("{target}", &target());
        Self { version, url }
    }
}

/// This machine, in the words of Rust's platform list.
fn target() -> String {
    let system = if cfg!(target_os = "macos") {
        "apple-darwin"
    } else if cfg!(target_env = "musl") {
        "unknown-linux-musl"
    } else {
        "unknown-linux-gnu"
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

/// Downloads, verifies and unpacks into `folder/postgresql-<version>/`.
pub(super) async fn fetch(
    package: Package,
    folder: PathBuf,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), ServerError> {
    // The HTTP client and the archive reader block: they get a thread, and report by messages.
    let (said, mut heard) = mpsc::unbounded_channel::<String>();
    let worker = std::thread::spawn(move || {
        work(&package, &folder, &|text: String| {
            // Nobody listens any more: the caller gave up, and so the work ends here.
            said.send(text).map_err(|_| ServerError::new("the download was given up"))
        })
    });
    while let Some(text) = heard.recv().await {
        progress(&text);
    }
    worker.join().unwrap_or_else(|_| Err(ServerError::new("the download ended unexpectedly")))
}

type Say<'a> = &'a dyn Fn(String) -> Result<(), ServerError>;

fn work(package: &Package, folder: &Path, say: Say<'_>) -> Result<(), ServerError> {
    let agent = agent();
    say(format!("downloading {package}"))?;
    let wanted = checksum(&agent, &package.url)?;
    let temporary = tempfile::Builder::new()
        .prefix("download-")
        .tempdir_in(folder)
        .map_err(|e| ServerError::file("create a folder in", folder, &e))?;
    let archive = temporary.path().join("archive.tar.gz");
    let got = save(&agent, &package.url, &archive, say)?;
    if got != wanted {
        return Err(ServerError::new(format!(
            "the archive's SHA-256 is {got}, but {wanted} was promised; it was thrown away"
        ))
        .with_hint("try again; if it stays so, do not trust that address"));
    }
    say("unpacking".to_owned())?;
    let unpacked = temporary.path().join("unpacked");
    unpack(&archive, &unpacked).map_err(|e| ServerError::file("unpack", &archive, &e))?;
    let Some(top) = top_folder(&unpacked) else {
        return Err(ServerError::new(format!(
            "the archive of {} holds no `bin` folder with initdb, postgres and pg_ctl",
            package.url
        ))
        .with_hint("set another `server.local.download_url`"));
    };
    let place = folder.join(format!("postgresql-{}", plain(&package.version)));
    let _ = fs::remove_dir_all(&place);
    open_to_all(temporary.path());
    fs::rename(&top, &place).map_err(|e| ServerError::file("create", &place, &e))?;
    open_to_all(&place);
    Ok(())
}

/// A version from the settings, fit for a folder's name.
fn plain(version: &str) -> String {
    version.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect()
}

fn agent() -> ureq::Agent {
    use ureq::tls::{RootCerts, TlsConfig};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .user_agent(concat!("limbeck/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

fn not_fetched(url: &str, error: &dyn fmt::Display) -> ServerError {
    ServerError::new(format!("`{url}` cannot be downloaded: {error}")).with_hint(
        "install PostgreSQL by other means (`apt-get install postgresql`), or set \
         `server.local.download_url`",
    )
}

fn checksum(agent: &ureq::Agent, url: &str) -> Result<String, ServerError> {
    let url = format!("{url}.sha256");
    let text = agent
        .get(&url)
        .call()
        .and_then(|mut answer| answer.body_mut().with_config().limit(4096).read_to_string())
        .map_err(|e| not_fetched(&url, &e))?;
    // The usual form is "<digest>  <file name>"; some write the digest alone.
    let digest = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(digest)
    } else {
        Err(not_fetched(&url, &"it holds no SHA-256"))
    }
}

/// Saves the archive and returns its SHA-256.
fn save(agent: &ureq::Agent, url: &str, path: &Path, say: Say<'_>) -> Result<String, ServerError> {
    let mut answer = agent.get(url).call().map_err(|e| not_fetched(url, &e))?;
    let length = answer.body().content_length();
    let mut reader = answer.body_mut().with_config().limit(AT_MOST).reader();
    let mut file = fs::File::create(path).map_err(|e| ServerError::file("create", path, &e))?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 128 << 10];
    let (mut done, mut told) = (0_u64, 0_u64);
    loop {
        let n = reader.read(&mut block).map_err(|e| not_fetched(url, &e))?;
        if n == 0 {
            break;
        }
        hash.update(&block[..n]);
        file.write_all(&block[..n]).map_err(|e| ServerError::file("write", path, &e))?;
        done += n as u64;
        if done - told >= 4 << 20 {
            told = done;
            let of = length.map_or_else(String::new, |all| format!(" of {}", all >> 20));
            say(format!("downloaded {}{of} MB", done >> 20))?;
        }
    }
    Ok(super::hex(&hash.finalize()))
}

fn unpack(archive: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir(into)?;
    let file = io::BufReader::new(fs::File::open(archive)?);
    // `unpack` refuses entries that lead out of the folder.
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    archive.set_preserve_ownerships(false);
    archive.unpack(into)
}

/// The folder with `bin/postgres` in it: the archive's root, or a folder or two below.
fn top_folder(unpacked: &Path) -> Option<PathBuf> {
    let complete = |dir: &Path| {
        ["initdb", "postgres", "pg_ctl"].iter().all(|name| dir.join("bin").join(name).is_file())
    };
    let mut level = vec![unpacked.to_owned()];
    for _ in 0..3 {
        if let Some(found) = level.iter().find(|dir| complete(dir)) {
            return Some(found.clone());
        }
        level = level
            .iter()
            .filter_map(|dir| fs::read_dir(dir).ok())
            .flat_map(|entries| entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()))
            .collect();
    }
    None
}

/// The account that root lends must be able to run what is below this folder.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_follows_the_cluster_then_the_settings() {
        let version = |set, major| Package::new(None, set, major).version;
        assert_eq!(version(None, None), "17.10.0");
        assert_eq!(version(Some("16.3.0"), None), "16.3.0");
        assert_eq!(version(Some("16.3.0"), Some(16)), "16.3.0");
        assert_eq!(version(Some("16.3.0"), Some(15)), "15.18.0");
        assert_eq!(version(None, Some(11)), "11.0.0");
    }

    #[test]
    fn the_address_is_filled_in() {
        let package =
            Package::new(Some("http://mirror/{version}/{target}.tgz"), Some("16.1.0"), None);
        assert_eq!(package.url, format!("http://mirror/16.1.0/{}.tgz", target()));
        assert!(Package::new(None, None, None).url.starts_with("https://github.com/"));
    }
}
