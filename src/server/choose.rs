//! Which provider serves a project.

use super::{Inner, Provider, ServerError, compose::Compose, external::External, local::Local};
use crate::config::{Config, Connection, ProviderChoice};

/// Chooses by the settings; `auto` takes what is already there before it makes something new.
pub(super) async fn choose(config: &Config) -> Result<Provider, ServerError> {
    let inner = match config.provider {
        ProviderChoice::External => {
            let Some(connection) = &config.connection else {
                return Err(ServerError::settings(
                    "the provider is `external`, but no setting says where its server is",
                )
                .with_hint("set DATABASE_URL in `.env`, or choose another `server.provider`"));
            };
            Inner::External(external(config, connection))
        }
        ProviderChoice::Local => Inner::Local(local(config)),
        ProviderChoice::Compose => {
            Inner::Compose(Compose::new(&config.root, &config.server)?.looked_at().await)
        }
        ProviderChoice::Auto => match &config.connection {
            Some(connection) => Inner::External(external(config, connection)),
            None => match existing_service(config).await {
                Some(compose) => Inner::Compose(compose),
                None => Inner::Local(local(config)),
            },
        },
    };
    Ok(Provider::of(inner))
}

fn local(config: &Config) -> Local {
    Local::new(&config.root, &config.name, &config.server)
}

fn external(config: &Config, connection: &Connection) -> External {
    let has_compose = connection.is_local() && Compose::new(&config.root, &config.server).is_ok();
    let instead = if has_compose {
        "to let limbeck run the compose service, set `provider = \"compose\"` in the section \
         `[server]` of `limbeck.toml`"
    } else {
        "start or stop it where it runs; to let limbeck run a server of the project's own, unset \
         DATABASE_URL and the PG* variables"
    };
    External { connection: connection.clone(), instead: instead.to_owned() }
}

/// The compose service, if it has been created already and an engine answers quickly.
async fn existing_service(config: &Config) -> Option<Compose> {
    let compose = Compose::new(&config.root, &config.server).ok()?.looked_at().await;
    compose.exists().then_some(compose)
}
