//! Where the models are that Alembic compares a database with: what `env.py` imports tells.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a module has that makes tables.
const MARKS: [&str; 4] = ["declarative_base", "DeclarativeBase", "MetaData(", "SQLModel"];

/// The module or package of models below `root` that a text of `env.py` imports, if there is one.
/// One that is called so comes before one that only looks so.
pub(super) fn models(env: &str, root: &Path) -> Option<PathBuf> {
    let found: Vec<PathBuf> =
        env.lines().flat_map(imported).filter_map(|m| file(&m, root)).collect();
    let called = |path: &&PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        name.contains("model")
    };
    let makes = |path: &&PathBuf| {
        let text = fs::read_to_string(path).or_else(|_| fs::read_to_string(path.join(PACKAGE)));
        text.is_ok_and(|text| MARKS.iter().any(|mark| text.contains(mark)))
    };
    found.iter().find(called).or_else(|| found.iter().find(makes)).cloned()
}

const PACKAGE: &str = "__init__.py";

/// The modules that a line imports, with their packages: `from a.b import c` may mean `a.b.c`.
fn imported(line: &str) -> Vec<String> {
    let code = line.split('#').next().unwrap_or_default().trim();
    let names = |list: &str| {
        let list = list.trim_matches(['(', ')', ' ']).to_owned();
        let names = list.split(',').map(|one| one.split_whitespace().next().unwrap_or_default());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    if let Some((module, list)) = code.strip_prefix("from ").and_then(|r| r.split_once(" import "))
    {
        let module = module.trim();
        let parts = names(list).into_iter().map(|name| format!("{module}.{name}"));
        return parts.chain([module.to_owned()]).collect();
    }
    code.strip_prefix("import ").map(names).unwrap_or_default()
}

/// The file or package of a module of the project's own.
fn file(module: &str, root: &Path) -> Option<PathBuf> {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    if module.is_empty() || !module.chars().all(plain) {
        return None;
    }
    ["", "src"].iter().find_map(|below| {
        let path = root.join(below).join(module.replace('.', "/"));
        if path.join(PACKAGE).is_file() {
            return Some(path);
        }
        let file = path.with_extension("py");
        file.is_file().then_some(file)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_what_is_imported_and_makes_tables() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("app/__init__.py", "");
        put("app/config.py", "url = 1");
        put("app/db.py", "Base = declarative_base()");
        put("app/models/__init__.py", "from .user import User");
        put("src/shop/tables.py", "metadata = MetaData()");
        put("alembic/env.py", "");
        let common = "import os\nfrom alembic import context\nfrom app.config import url\n";
        for (line, path) in [
            ("from app.models import User, Other  # noqa", Some("app/models")),
            ("from app import models", Some("app/models")),
            ("import app.db", Some("app/db.py")),
            ("from app.db import Base\nimport app.models as m", Some("app/models")),
            ("from shop import (tables, other)", Some("src/shop/tables.py")),
            ("from elsewhere.models import Base", None),
            ("target_metadata = None", None),
        ] {
            let found = models(&format!("{common}{line}\n"), folder.path());
            assert_eq!(found, path.map(|path| folder.path().join(path)), "{line}");
        }
    }
}
