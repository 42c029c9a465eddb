//! What a command may know of the outside: environment, folders, settings, who runs it.
//!
//! Everything is gathered when it is first asked for: `--help` and `history` must not pay for what
//! they do not need.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    args::{ColorWhen, Global},
    error::CliError,
    output::{Output, style},
};
use crate::{
    code::{Code, Diagnose},
    config::{self, Config, DotEnv, FlagSetting, Flags, Inputs},
    engine::{Actor, Engine, Project, Start, project::Reopen},
    present::safe::display_safe,
    revision::History,
};

/// The outside of one run of the program.
#[derive(Debug)]
pub(crate) struct Context {
    /// Options that every command takes.
    pub(crate) global: Global,
    /// Where to write.
    pub(crate) out: Output,
    /// The environment, as far as it is text.
    pub(crate) env: BTreeMap<String, String>,
}

impl Context {
    /// Looks at the environment and the streams.
    pub(crate) fn gather(global: Global) -> Self {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { out: Output::new(&global, &env), global, env }
    }

    /// The same outside for another command, whose own options win over these.
    #[must_use]
    pub(crate) fn with(&self, own: Global) -> Self {
        let outer = self.global.clone();
        let global = Global {
            directory: own.directory.or(outer.directory),
            url_option: own.database_url.as_ref().map_or(outer.url_option, |_| own.url_option),
            database_url: own.database_url.or(outer.database_url),
            scratch_url: own.scratch_url.or(outer.scratch_url),
            profile: own.profile.or(outer.profile),
            extra: outer.extra.into_iter().chain(own.extra).collect(),
            quiet: own.quiet || outer.quiet,
            verbose: own.verbose.max(outer.verbose),
            color: if own.color == ColorWhen::Auto { outer.color } else { own.color },
            yes: own.yes || outer.yes,
        };
        Self { out: Output::new(&global, &self.env), env: self.env.clone(), global }
    }

    /// A variable of the environment; an empty one counts as none.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folder that `-C` names, else the current one; absolute.
    pub(crate) fn folder(&self) -> Result<PathBuf, CliError> {
        let here = std::env::current_dir()
            .map_err(|e| CliError::file("cannot find", Path::new("the current folder"), &e))?;
        let Some(given) = &self.global.directory else { return Ok(here) };
        let folder = here.join(given);
        let found = fs::canonicalize(&folder).map_err(|e| {
            CliError::new(
                Code::Settings,
                format!(
                    "cannot use the folder `{}`: {}",
                    given.display(),
                    super::error::reason(&e)
                ),
            )
            .with_hint("`-C` names the project's folder")
        })?;
        if found.is_dir() {
            Ok(found)
        } else {
            Err(CliError::new(Code::Settings, format!("`{}` is not a folder", given.display()))
                .with_hint("`-C` names the project's folder"))
        }
    }

    /// The project's folder: what `-C` names, else the nearest one upwards with a `limbeck.toml`,
    /// else the current one.
    pub(crate) fn root(&self) -> Result<PathBuf, CliError> {
        let folder = self.folder()?;
        if self.global.directory.is_some() {
            return Ok(folder);
        }
        let nearest = folder.ancestors().find(|dir| dir.join("limbeck.toml").is_file());
        Ok(nearest.map_or_else(|| folder.clone(), Path::to_owned))
    }

    /// The project with its settings resolved. Warnings about settings are printed.
    pub(crate) fn project(&self) -> Result<Project, CliError> {
        let config = self.config()?;
        for warning in &config.warnings {
            self.out.warn(&display_safe(warning));
        }
        let actor = self.actor(&config.root);
        Ok(Project::new(config, actor))
    }

    /// The project and its history, which has no problems.
    pub(crate) fn sound(&self) -> Result<(Project, Arc<History>), CliError> {
        let project = self.project()?;
        let history = project.history();
        history.check()?;
        Ok((project, Arc::new(history)))
    }

    /// Opens the project again with another profile, for the interface: nothing is printed.
    pub(crate) fn reopen(&self) -> Reopen {
        let (global, env) = (self.global.clone(), self.env.clone());
        Reopen::new(move |profile| {
            let profile = profile.map(str::to_owned);
            // A database that was named on the command line belongs to no profile.
            let database_url = if profile.is_none() { global.database_url.clone() } else { None };
            let global = Global { database_url, profile, ..global.clone() };
            let context = Self { out: Output::new(&global, &env), global, env: env.clone() };
            context.project_quietly().map_err(|error| error.message().to_owned())
        })
    }

    /// The project with its settings resolved; nothing is printed.
    pub(crate) fn project_quietly(&self) -> Result<Project, CliError> {
        let config = self.config()?;
        let actor = self.actor(&config.root);
        Ok(Project::new(config, actor))
    }

    fn config(&self) -> Result<Config, CliError> {
        let root = self.root()?;
        let toml = config::inputs::read_toml(&root).map_err(settings)?;
        let inputs = Inputs {
            toml,
            dotenv: dotenv(&root.join(".env"))?,
            root,
            env: self.env.clone(),
            flags: Flags {
                database_url: self.global.database_url.clone(),
                url_option: self.global.url_option.map(str::to_owned),
                profile: self.global.profile.clone(),
                extra: self.global.extra.iter().map(|(k, v)| format!("{k}={v}")).collect(),
                settings: self.flag_settings(),
            },
            home: etcetera::home_dir().ok(),
            os_user: os_user(),
        };
        config::resolve(&inputs).map_err(settings)
    }

    /// Settings that have options of their own.
    fn flag_settings(&self) -> Vec<FlagSetting> {
        let given = |key: &str, flag: &str, value: &Option<String>| {
            let value = value.clone()?;
            Some(FlagSetting { key: key.to_owned(), value, flag: flag.to_owned() })
        };
        given("scratch_url", "--scratch-url", &self.global.scratch_url).into_iter().collect()
    }

    /// Who runs this, for the audit table.
    fn actor(&self, root: &Path) -> Actor {
        Actor {
            os_user: os_user().or_else(|| self.var("USER").map(str::to_owned)),
            host: host_name(),
            app: concat!("limbeck ", env!("CARGO_PKG_VERSION")).to_owned(),
            git_commit: git_commit(root),
        }
    }

    /// Runs something that needs the network. The runtime is made here, when it is first needed.
    pub(crate) fn block_on<T>(
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| CliError::new(Code::File, format!("the runtime cannot start: {e}")))?;
        let outcome = runtime.block_on(work);
        // What is still under way (a rollback nobody waits for) must not hold up the end.
        runtime.shutdown_background();
        outcome
    }

    /// Connects; `start` says whether a managed server is made for that.
    pub(crate) async fn engine(
        &self,
        project: &Project,
        history: Arc<History>,
        start: Start,
    ) -> Result<Engine, CliError> {
        let connector = project.connect(start, &|line| self.stage(line)).await?;
        Ok(project.engine(history, connector))
    }

    /// Shows a stage of starting or stopping a server.
    pub(crate) fn stage(&self, line: &str) {
        self.out.say(&style::dim(&format!("  {}", display_safe(line))));
    }

    /// Says that another tool's version table is there and ours is not.
    pub(crate) fn mention_adoptable(&self, adoptable: Option<&String>) {
        if let Some(table) = adoptable {
            let table = display_safe(table);
            self.out.always(&format!(
                "{} this database has `{table}` and no version table of limbeck's",
                style::warning("note:")
            ));
            self.out.hint(&format!(
                "to go on with it, put `version_table = \"{table}\"` into limbeck.toml"
            ));
        }
    }
}

/// An error in the settings.
fn settings(error: config::ConfigError) -> CliError {
    let mut result = CliError::new(error.code(), error.message);
    if let Some(file) = error.file {
        result = result.at(&file, error.line.unwrap_or(0), 0, "");
    }
    match error.hint {
        Some(hint) => result.with_hint(hint),
        None => result,
    }
}

/// Reads `.env`; a missing one is none.
fn dotenv(path: &Path) -> Result<Option<DotEnv>, CliError> {
    match dotenvy::from_path_iter(path) {
        Ok(entries) => DotEnv::collect(path.to_owned(), entries).map(Some).map_err(settings),
        Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(dotenvy::Error::Io(error)) => Err(CliError::file("cannot read", path, &error)),
        // The error's own text repeats the line, which may be a secret.
        Err(_) => Err(CliError::new(Code::Settings, "`.env` cannot be read").at(path, 0, 0, "")),
    }
}

/// The name of the user who runs this process.
fn os_user() -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten().map(|user| user.name)
}

/// The name of this machine.
fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok()
}

/// The commit that the project's working tree is at, read from `.git` without running git.
fn git_commit(root: &Path) -> Option<String> {
    let dot_git = root.ancestors().map(|dir| dir.join(".git")).find(|path| path.exists())?;
    let read = |path: PathBuf| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let git_dir = if dot_git.is_dir() {
        dot_git
    } else {
        // A worktree or submodule: a file that names the real folder.
        let link = read(dot_git.clone())?;
        dot_git.parent()?.join(link.strip_prefix("gitdir: ")?)
    };
    let head = read(git_dir.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else { return commit(&head) };
    let common = read(git_dir.join("commondir"))
        .map_or_else(|| git_dir.clone(), |common| git_dir.join(common));
    let loose = [&git_dir, &common].into_iter().find_map(|dir| read(dir.join(name)));
    let packed = || {
        let text = read(common.join("packed-refs"))?;
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, of)| *of == name).map(|(hash, _)| hash.to_owned())
    };
    commit(&loose.or_else(packed)?)
}

/// A commit's hash, if that is what the text is.
fn commit(text: &str) -> Option<String> {
    let hash = text.len() >= 40 && text.chars().all(|c| c.is_ascii_hexdigit());
    hash.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn check(files: &[(&str, &str)], from: &str, expected: Option<&str>) {
        let dir = repository(files);
        fs::create_dir_all(dir.path().join(from)).unwrap();
        assert_eq!(git_commit(&dir.path().join(from)).as_deref(), expected, "{files:?}");
    }

    #[test]
    fn the_commit_is_found_however_git_keeps_it() {
        let on_branch = (".git/HEAD", "ref: refs/heads/main\n");
        let packed = format!("# pack-refs\n{HASH} refs/heads/main\n^aaaa\n");
        check(&[on_branch, (".git/refs/heads/main", HASH)], "", Some(HASH));
        check(&[on_branch, (".git/refs/heads/main", HASH)], "sub/folder", Some(HASH));
        check(&[on_branch, (".git/packed-refs", &packed)], "", Some(HASH));
        check(&[(".git/HEAD", HASH)], "", Some(HASH));
        check(&[on_branch], "", None);
        check(&[(".git/HEAD", "nonsense")], "", None);
        let worktree = [
            ("tree/.git", "gitdir: ../repo/.git/worktrees/tree\n"),
            ("repo/.git/worktrees/tree/HEAD", "ref: refs/heads/side\n"),
            ("repo/.git/worktrees/tree/commondir", "../..\n"),
            ("repo/.git/refs/heads/side", HASH),
        ];
        check(&worktree, "tree", Some(HASH));
    }

    #[test]
    fn a_broken_dotenv_does_not_betray_its_lines() {
        let dir = repository(&[(".env", "A=1\nPASSWORD='geheim\n")]);
        let error = dotenv(&dir.path().join(".env")).unwrap_err();
        assert!(!error.render().contains("geheim"), "{}", error.render());
        assert_eq!(error.status(), 2);
        assert!(dotenv(&dir.path().join("none")).unwrap().is_none());
    }
}
