//! Fetching server programs, from an HTTP server of the test's own.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use limbeck::{config::ServerConfig, server::Provider};
use sha2::{Digest, Sha256};

use super::{quiet, support};

/// An archive of these files, in a folder as releases have it.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, format!("postgresql-11/{name}"), text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Stand-ins for the programs of a version that no machine has any more.
fn programs() -> Vec<u8> {
    let script = "#!/bin/sh\necho 'postgres (PostgreSQL) 11.22'\n";
    archive(&[("bin/initdb", script), ("bin/postgres", script), ("bin/pg_ctl", script)])
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, b| format!("{text}{b:02x}"))
}

/// Serves two paths, `/a.tgz` and `/a.tgz.sha256`; returns the address of the first.
fn serve(body: Vec<u8>, checksum: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.tgz", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut block = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let n = stream.read(&mut block).unwrap();
                request.extend_from_slice(&block[..n]);
            }
            let body: &[u8] = match String::from_utf8_lossy(&request).split(' ').nth(1) {
                Some("/a.tgz") => &body,
                Some("/a.tgz.sha256") => checksum.as_bytes(),
                _ => b"",
            };
            let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body);
        }
    });
    url
}

/// A project with a cluster of that version.
fn project(url: &str) -> (support::Project, Provider) {
    let project = support::project();
    project.write(".limbeck/pg/data/PG_VERSION", "11\n");
    let config = ServerConfig { download_url: Some(url.to_owned()), ..ServerConfig::default() };
    let provider = Provider::local(project.path(), "shop", &config);
    (project, provider)
}

fn left_behind(project: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(project.join(".limbeck"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("download-") || name.starts_with("postgresql-"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn programs_are_fetched_verified_and_then_found() {
    let body = programs();
    let digest = sha256(&body);
    let (project, provider) = project(&serve(body, format!("{digest}  a.tgz\n")));
    let what = provider.needs_download().await.unwrap();
    assert!(what.starts_with("PostgreSQL 11"), "{what}");
    assert!(provider.start(&quiet).await.is_err(), "a start does not download by itself");
    assert!(left_behind(project.path()).is_empty());
    provider.download(&quiet).await.unwrap();
    assert_eq!(left_behind(project.path()), ["postgresql-11.0.0"]);
    assert_eq!(provider.needs_download().await, None, "now they are there");
}

#[tokio::test]
async fn an_archive_that_is_not_what_was_promised_is_thrown_away() {
    let (project, provider) = project(&serve(programs(), "0".repeat(64)));
    let error = provider.download(&quiet).await.unwrap_err();
    assert!(error.message.contains("SHA-256"), "{error}");
    assert!(left_behind(project.path()).is_empty());
}

#[tokio::test]
async fn an_address_without_an_archive_is_an_error_with_a_way_out() {
    let (project, provider) = project(&serve(Vec::new(), String::new()));
    let error = provider.download(&quiet).await.unwrap_err();
    assert!(error.message.contains("404"), "{error}");
    assert!(error.hint.unwrap().contains("server.local.download_url"));
    assert!(left_behind(project.path()).is_empty());
}

#[tokio::test]
async fn an_archive_of_something_else_is_not_installed() {
    let body = archive(&[("README", "no programs")]);
    let digest = sha256(&body);
    let (project, provider) = project(&serve(body, digest));
    let error = provider.download(&quiet).await.unwrap_err();
    assert!(error.message.contains("holds no `bin` folder"), "{error}");
    assert!(left_behind(project.path()).is_empty());
}
