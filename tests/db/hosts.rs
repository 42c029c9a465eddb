//! Which server is reached: addresses of both versions, several hosts, a fail-over, and all of TLS as
//! variables and files of libpq say it.

use std::{
    fs,
    io::{Write, stderr},
    net::TcpListener,
};

use limbeck::{
    code::Code,
    config::{Connection, TargetSession},
    db::Connector,
};

use super::{
    settings::surroundings,
    tls::{Certificates, outcome, prepare},
};
use crate::support::Cluster;

#[tokio::test]
async fn addresses_of_version_6() {
    if TcpListener::bind("[::1]:0").is_err() {
        let _ = writeln!(stderr(), "SKIPPED: this machine has no address `::1`");
        return;
    }
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs
        .cluster_with("hostssl all all ::1/128 trust\n", "listen_addresses = '127.0.0.1, ::1'");
    prepare(&cluster).await;
    let (ca, other) = (certs.text("ca.crt"), certs.text("other.crt"));
    let port = cluster.port;
    for (place, root, expected) in [
        (format!("[::1]:{port}"), &ca, "tls"),
        (format!("[::1]:{port}"), &other, "TLS"),
        // The first has nobody listening, the second is not allowed by `pg_hba.conf` in plain text.
        (format!("[::1]:1,[::1]:{port}"), &ca, "tls"),
    ] {
        let url = format!("postgresql://ann@{place}/app?sslmode=verify-full&sslrootcert={root}");
        let config = surroundings().variables(&[("DATABASE_URL", &url)]).config();
        assert_eq!(outcome(config.connection.expect("a target")).await, expected, "{url}");
    }
    let variables = [
        ("PGHOST", "::1"),
        ("PGPORT", &port.to_string()),
        ("PGUSER", "ann"),
        ("PGDATABASE", "app"),
        ("PGSSLMODE", "disable"),
    ];
    let config = surroundings().variables(&variables).config();
    assert_eq!(outcome(config.connection.expect("a target")).await, "AUTH", "only TLS is allowed");
}

/// As a deployment has it: variables and the files of the home folder, no URL.
#[tokio::test]
async fn tls_as_variables_and_files_say_it() {
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs.cluster_with(
        "hostssl certdb all 127.0.0.1/32 cert\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
        "",
    );
    prepare(&cluster).await;
    let port = cluster.port.to_string();
    let base = |database: &'static str| {
        [
            ("PGHOST", "right.test"),
            ("PGHOSTADDR", "127.0.0.1"),
            ("PGUSER", "ann"),
            ("PGDATABASE", database),
        ]
    };
    let to = async |database, more: &[(&str, &str)], files: &[(&str, &str)]| {
        let mut variables = base(database).to_vec();
        variables.push(("PGPORT", &port));
        variables.extend(more);
        let mut here = surroundings().variables(&variables);
        fs::create_dir(here.home.path().join(".postgresql")).expect("our own folder");
        for (name, text) in files {
            here = here.file(name, text, 0o600);
        }
        outcome(here.config().connection.expect("a target")).await
    };
    let read = |name: &str| fs::read_to_string(certs.path(name)).expect("a certificate");
    let (ca, cert, key) = (read("ca.crt"), read("ann.crt"), read("ann.key"));
    let pgpass = format!("right.test:{port}:scramdb:ann:wonderland\n");
    let password = (".pgpass", pgpass.as_str());
    let root = (".postgresql/root.crt", ca.as_str());

    // A host that is not this machine is verified in full, unless told otherwise.
    assert_eq!(to("scramdb", &[], &[password]).await, "TLS");
    assert_eq!(to("scramdb", &[], &[password, root]).await, "tls");
    assert_eq!(to("scramdb", &[("PGSSLMODE", "require")], &[password]).await, "tls");
    let bound = [("PGCHANNELBINDING", "require")];
    assert_eq!(to("scramdb", &bound, &[password, root]).await, "tls");
    assert_eq!(to("scramdb", &[("PGSSLMODE", "disable")], &[password]).await, "AUTH");
    assert_eq!(to("scramdb", &[], &[root]).await, "AUTH", "no password");
    let wrong = [("PGHOST", "wrong.test")];
    let anyone = (".pgpass", "*:*:*:*:wonderland\n");
    assert_eq!(to("scramdb", &wrong, &[anyone, root]).await, "TLS", "another host");
    let only_chain = [("PGHOST", "wrong.test"), ("PGSSLMODE", "verify-ca")];
    assert_eq!(to("scramdb", &only_chain, &[anyone, root]).await, "tls");

    let ours = [
        root,
        (".postgresql/postgresql.crt", cert.as_str()),
        (".postgresql/postgresql.key", key.as_str()),
    ];
    assert_eq!(to("certdb", &[], &ours).await, "tls");
    assert_eq!(to("certdb", &[], &[root]).await, "AUTH", "no client certificate");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_that_takes_writes_is_found_before_and_after_a_fail_over() {
    use TargetSession::{Any, PreferStandby, Primary, ReadOnly, ReadWrite, Standby};
    let mut primary = Cluster::trusting("wal_level = replica\nmax_wal_senders = 4");
    let standby = primary.standby();
    let (first, second) = (standby.port, primary.port);
    let several = |target| Connection {
        hosts: vec!["127.0.0.1".into(), "127.0.0.1".into()],
        ports: vec![first, second],
        target,
        ..standby.connection()
    };
    let reached = async |target| {
        let session = Connector::new(several(target)).connect("").await.expect("it is there");
        let row = session.client.query_one("SHOW port", &[]).await.expect("it answers");
        row.get::<_, String>(0).parse::<u16>().expect("a port")
    };
    for (target, port) in [
        (Any, first),
        (ReadWrite, second),
        (Primary, second),
        (Standby, first),
        (PreferStandby, first),
        (ReadOnly, first),
    ] {
        assert_eq!(reached(target).await, port, "{target:?}");
    }

    primary.kill();
    let error =
        Connector::new(several(ReadWrite)).connect("").await.expect_err("nobody takes writes");
    assert_eq!(error.code, Code::ReadOnly, "{error}");
    assert!(
        error.message.contains("does not allow writes") && error.message.contains("; "),
        "{error}"
    );
    assert!(Connector::new(several(PreferStandby)).connect("").await.is_ok());

    standby.promote();
    for (target, there) in [
        (ReadWrite, true),
        (Primary, true),
        (PreferStandby, true),
        (Standby, false),
        (ReadOnly, false),
    ] {
        let connected = Connector::new(several(target)).connect("").await;
        assert_eq!(connected.is_ok(), there, "{target:?}: {connected:?}");
    }
}
