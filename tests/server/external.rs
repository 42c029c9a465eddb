//! Somebody else's server, and how a provider is chosen.

use std::{collections::BTreeMap, net::TcpListener};

use limbeck::{
    code::Code,
    config::{self, Config},
    server::{Kind, Provider, State},
};

use super::{quiet, support};

fn settings(project: &support::Project, variables: &[(&str, &str)], toml: &str) -> Config {
    let env: BTreeMap<String, String> =
        variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let inputs = config::Inputs {
        root: project.path().to_owned(),
        toml: Some((project.path().join("limbeck.toml"), toml.to_owned())),
        env,
        os_user: Some("someone".into()),
        ..config::Inputs::default()
    };
    config::resolve(&inputs).unwrap()
}

#[tokio::test]
async fn a_server_that_the_settings_name_is_looked_at_only() {
    let db = support::database().await;
    let project = support::project();
    let config = settings(&project, &[("DATABASE_URL", &db.url())], "");
    let provider = Provider::choose(&config).await.unwrap();
    assert_eq!(provider.kind(), Kind::External);
    let status = provider.status().await;
    assert!(matches!(status.state, State::Running { .. }), "{:?}", status.state);
    assert_eq!(provider.connection().unwrap().database, db.name);
    for refused in [
        provider.start(&quiet).await.map(drop),
        provider.stop(&quiet).await,
        provider.destroy(&quiet).await,
        provider.logs(1).await.map(drop),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.code, Code::NotManaged);
        assert!(!error.to_string().contains(&db.server().password));
        assert!(error.hint.is_some());
    }
    // The probe is no session, and leaves no complaint in the server's log.
    let log = std::fs::read_to_string(&db.server().log).unwrap();
    assert!(!log.contains("incomplete startup packet"));
}

#[tokio::test]
async fn a_port_where_nothing_answers_is_unknown_not_stopped() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let project = support::project();
    let url = format!("postgresql://ann:geheim@127.0.0.1:{port}/shop");
    let config = settings(&project, &[("DATABASE_URL", &url)], "");
    let status = Provider::choose(&config).await.unwrap().status().await;
    let State::Unknown(why) = status.state else { panic!("{:?}", status.state) };
    assert!(why.contains(&format!("ann@127.0.0.1:{port}/shop")), "{why}");
    assert!(!why.contains("geheim"), "{why}");
}

#[tokio::test]
async fn without_settings_the_project_s_own_cluster_serves() {
    let project = support::project();
    let provider = Provider::choose(&settings(&project, &[], "")).await.unwrap();
    assert_eq!((provider.kind(), provider.status().await.state), (Kind::Local, State::Absent));
}

#[tokio::test]
async fn a_compose_file_alone_does_not_make_compose_the_provider() {
    let project = support::project();
    project.write("docker-compose.yml", "services:\n  db:\n    image: postgres:17\n");
    let provider = Provider::choose(&settings(&project, &[], "")).await.unwrap();
    assert_eq!(provider.kind(), Kind::Local);
    let toml = "[server]\nprovider = \"compose\"\n";
    let provider = Provider::choose(&settings(&project, &[], toml)).await.unwrap();
    assert_eq!(provider.kind(), Kind::Compose);
}

#[tokio::test]
async fn settings_that_cannot_be_met_are_refused_with_the_way_out() {
    let project = support::project();
    let toml = "[server]\nprovider = \"compose\"\n";
    let error = Provider::choose(&settings(&project, &[], toml)).await.unwrap_err();
    assert!(error.message.contains("no compose file"), "{error}");
    assert_eq!(error.code, Code::Settings);
    let toml = "[server.local]\nbin_dir = \"/nonexistent\"\n";
    let provider = Provider::choose(&settings(&project, &[], toml)).await.unwrap();
    let error = provider.start(&quiet).await.unwrap_err();
    assert!(error.message.contains("server.local.bin_dir"), "{error}");
}
