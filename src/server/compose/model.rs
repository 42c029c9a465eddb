//! Which services a compose file declares, and which of them is the database.

use serde_json::Value;

use crate::server::ServerError;

/// A service and its image, where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) image: Option<String>,
}

/// Reads what `config --format json` of compose 2 prints.
pub(super) fn from_json(text: &str) -> Option<Vec<Service>> {
    let model: Value = serde_json::from_str(text).ok()?;
    let services = model.get("services")?.as_object()?;
    Some(
        services
            .iter()
            .map(|(name, service)| Service {
                name: name.clone(),
                image: service.get("image").and_then(Value::as_str).map(str::to_owned),
            })
            .collect(),
    )
}

/// Reads what `config` of compose 1 prints: YAML that it wrote itself, always in block form, with
/// two spaces for each level. Not a reader of YAML in general.
pub(super) fn from_canonical_yaml(text: &str) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let unquote = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        match indent {
            0 => inside = key == "services",
            2 if inside => services.push(Service { name: unquote(key), image: None }),
            4 if inside && key == "image" => {
                if let Some(service) = services.last_mut() {
                    service.image = Some(unquote(value));
                }
            }
            _ => {}
        }
    }
    services
}

/// Whether an image runs PostgreSQL, judged by its name: `postgres:17`, `postgis/postgis`,
/// `pgvector/pgvector:pg17`, `registry.example/team/my-postgresql@sha256:…`.
pub(super) fn is_database(image: &str) -> bool {
    let name = image.split('@').next().unwrap_or_default();
    // A colon before a slash is a registry's port, after it a tag.
    let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
    let name = &name[..tag.unwrap_or(name.len())];
    let last = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    // Tools about PostgreSQL carry its name too.
    let about = ["exporter", "backup", "pgadmin", "pgbouncer", "postgrest", "meta", "operator"];
    let is = ["postgres", "postgis", "pgvector", "timescale", "citus", "paradedb", "pgduck"];
    is.iter().any(|word| last.contains(word)) && !about.iter().any(|word| last.contains(word))
}

/// Picks the database service: the setting's, else the one with a PostgreSQL image, else the only
/// one there is.
pub(super) fn pick(services: &[Service], setting: Option<&str>) -> Result<String, ServerError> {
    let names = |services: &[&Service]| {
        services.iter().map(|s| format!("`{}`", s.name)).collect::<Vec<_>>().join(", ")
    };
    let all: Vec<&Service> = services.iter().collect();
    if let Some(name) = setting {
        return match all.iter().find(|s| s.name == name) {
            Some(service) => Ok(service.name.clone()),
            None => Err(ServerError::settings(format!(
                "the compose file has no service `{name}`, which `server.compose.service` names"
            ))
            .with_hint(format!("it has {}", names(&all)))),
        };
    }
    let databases: Vec<&Service> =
        services.iter().filter(|s| s.image.as_deref().is_some_and(is_database)).collect();
    match (databases.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one]) => Ok(one.name.clone()),
        ([], []) => Err(ServerError::settings("the compose file has no services")),
        ([], _) => {
            Err(ServerError::settings("no service of the compose file has a PostgreSQL image")
                .with_hint(format!("name one of {} in `server.compose.service`", names(&all))))
        }
        (several, _) => {
            Err(ServerError::settings("several services of the compose file run PostgreSQL")
                .with_hint(format!("name one of {} in `server.compose.service`", names(several))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(list: &[(&str, &str)]) -> Vec<Service> {
        list.iter()
            .map(|(name, image)| Service {
                name: (*name).to_owned(),
                image: (!image.is_empty()).then(|| (*image).to_owned()),
            })
            .collect()
    }

    #[test]
    fn images_are_known_by_name() {
        for image in [
            "postgres",
            "postgres:17-alpine",
            "docker.io/library/postgres:17",
            "localhost:5000/team/postgresql@sha256:00",
            "postgis/postgis:17-3.5",
            "pgvector/pgvector:pg17",
            "timescale/timescaledb:latest-pg16",
            "supabase/postgres:15.1",
        ] {
            assert!(is_database(image), "{image}");
        }
        for image in [
            "redis:7",
            "dpage/pgadmin4",
            "prometheuscommunity/postgres-exporter",
            "postgrest/postgrest",
            "postgres-team/app:1",
        ] {
            assert!(!is_database(image), "{image}");
        }
    }

    #[test]
    fn the_database_is_picked_or_the_choice_is_asked_for() {
        let two = services(&[("web", "nginx"), ("db", "postgres:17")]);
        assert_eq!(pick(&two, None).unwrap(), "db");
        assert_eq!(pick(&two, Some("web")).unwrap(), "web");
        assert!(pick(&two, Some("x")).unwrap_err().hint.unwrap().contains("`web`, `db`"));
        assert_eq!(pick(&services(&[("only", "")]), None).unwrap(), "only");
        let twins = services(&[("a", "postgres"), ("b", "postgis/postgis")]);
        assert!(pick(&twins, None).unwrap_err().message.contains("several"));
        assert!(pick(&services(&[("a", "x"), ("b", "y")]), None).is_err());
        assert!(pick(&[], None).is_err());
    }

    #[test]
    fn both_generations_describe_the_same_file() {
        let json = r#"{"name":"shop","services":{"db":{"image":"postgres:17","ports":[]},
            "web":{"build":{"context":"."}}},"volumes":{"image":{}}}"#;
        let yaml = "networks:\n  image: {}\nservices:\n  db:\n    environment:\n      image: no\n    \
                    image: postgres:17\n  'web':\n    build:\n      context: /x\nversion: '3.8'\n\
                    volumes:\n  data: {}\n";
        let wanted = services(&[("db", "postgres:17"), ("web", "")]);
        assert_eq!(from_json(json).unwrap(), wanted);
        assert_eq!(from_canonical_yaml(yaml), wanted);
        assert_eq!(from_json("no json"), None);
    }
}
