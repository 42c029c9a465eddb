//! Schemas that nobody wrote: a known one after some random changes.
//!
//! `changes.sql` holds queries that read the catalogs and answer with statements that may be run;
//! one is drawn, run, and forgotten when PostgreSQL refuses it. The same seed draws the same
//! statements.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use limbeck::{catalog, plan, schema::diff};
use tokio_postgres::Client;

use super::{
    case::Case,
    host::Host,
    run::{self, Options, Report, Verdict},
};

const HELPERS: &str = include_str!("helpers.sql");
const CHANGES: &str = include_str!("changes.sql");

/// Roles that the changes speak of.
const ROLES: [&str; 2] = ["mut_a", "mut_b"];

/// How often another change is drawn in place of one that cannot be made.
const TRIES: usize = 12;

/// A source of numbers that are the same each time (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % end.max(1) as u64).unwrap_or(0)
    }
}

/// What the two sides of a pair are made of.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The pair's name.
    pub name: String,
    /// The scripts that the sides begin with.
    pub bases: [String; 2],
    /// What is changed then.
    pub changes: [Vec<String>; 2],
}

impl Recipe {
    /// Puts a pair that fails into a folder, with what led to it and what came of it.
    pub fn keep(&self, folder: &Path, case: &Case, report: &Report) {
        let [old, new] = self.changes.each_ref().map(|changes| changes.join(";\n"));
        let failures = match &report.verdict {
            Verdict::Failed(failures) => {
                failures.iter().fold(String::new(), |text, f| text + &f.to_string() + "\n")
            }
            _ => String::new(),
        };
        let files = [
            ("old.sql", &case.old),
            ("new.sql", &case.new),
            ("changes.sql", &format!("-- old\n{old};\n-- new\n{new};\n")),
            ("up.sql", &report.up),
            ("down.sql", &report.down),
            ("failures.txt", &failures),
        ];
        fs::create_dir_all(folder).expect("a folder can be made");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("a file can be written");
        }
    }
}

/// A recipe, and the databases in which it was found.
#[derive(Debug)]
pub struct Drawn {
    /// The recipe.
    pub recipe: Recipe,
    databases: Vec<String>,
}

/// Makes random pairs from known schemas and runs them.
pub struct Mutator<'a> {
    host: &'a Host,
    admin: &'a Client,
    options: &'a Options,
    changes: Vec<(&'static str, &'static str)>,
}

impl<'a> Mutator<'a> {
    /// Makes one; only changes whose name contains one of `only` are drawn, if it names any.
    pub fn new(host: &'a Host, admin: &'a Client, options: &'a Options, only: &[String]) -> Self {
        let changes = CHANGES
            .split("-- change: ")
            .skip(1)
            .filter_map(|entry| entry.split_once('\n'))
            .filter(|(name, _)| only.is_empty() || only.iter().any(|o| name.contains(o.as_str())))
            .collect();
        Self { host, admin, options, changes }
    }

    /// Draws a pair: up to `most` changes of a side of one of the cases, or of two when it is to
    /// `cross` them.
    pub async fn draw(
        &self,
        seed: u64,
        bases: &[Case],
        most: usize,
        cross: bool,
    ) -> Result<Drawn, String> {
        let mut dice = Dice::new(seed);
        let (mut name, base) = start(&mut dice, bases);
        let mut other = base.clone();
        if cross {
            let (second, script) = start(&mut dice, bases);
            (name, other) = (format!("{name}, {second}"), script);
        }
        let mut drawn = Drawn {
            recipe: Recipe {
                name: format!("seed {seed} ({name})"),
                bases: [base, other],
                changes: [Vec::new(), Vec::new()],
            },
            databases: Vec::new(),
        };
        // What both sides have in common makes more to depend on.
        let most = [dice.below(most + 1), most.min(1) + dice.below(most)];
        for (side, most) in most.into_iter().enumerate() {
            let begun = self.load(&drawn.recipe.bases[side], &mut drawn.databases).await;
            match begun {
                Ok(client) => {
                    for _ in 0..most {
                        drawn.recipe.changes[side].extend(self.one(&client, &mut dice).await);
                    }
                }
                Err(e) => {
                    self.clear(drawn.databases).await;
                    return Err(e);
                }
            }
        }
        Ok(drawn)
    }

    /// A database with the script in it, and what the queries need.
    async fn load(&self, script: &str, names: &mut Vec<String>) -> Result<Client, String> {
        for role in ROLES {
            let _ = self.admin.batch_execute(&format!("CREATE ROLE {role}")).await;
        }
        let name = run::loaded(script, self.host, self.admin, names, true).await?;
        let client = self.host.client(&name).await?;
        let settings = "SET search_path = ''; SET check_function_bodies = off;
            SET client_min_messages = error; SET statement_timeout = '20s';";
        client.batch_execute(settings).await.map_err(|e| super::host::explain(&e))?;
        client.batch_execute(HELPERS).await.map_err(|e| super::host::explain(&e))?;
        Ok(client)
    }

    /// Draws a statement that can be run, and runs it.
    async fn one(&self, client: &Client, dice: &mut Dice) -> Option<String> {
        for _ in 0..TRIES {
            let (_, query) = self.changes[dice.below(self.changes.len())];
            let salt = dice.below(1 << 30);
            let name = format!("m{}", dice.below(9));
            let query = format!(
                "SELECT ddl FROM ({}) AS q(ddl) WHERE ddl IS NOT NULL ORDER BY md5(ddl || '{salt}') \
                 LIMIT 1",
                query.trim()
            );
            let rows = client.query(&query, &[]).await;
            let rows = rows.unwrap_or_else(|e| panic!("{}: {query}", super::host::explain(&e)));
            let Some(row) = rows.first() else { continue };
            let statement = row.get::<_, String>(0).replace("{n}", &name);
            if apply(client, &statement).await {
                return Some(statement);
            }
        }
        None
    }

    /// The pair that a recipe leads to.
    pub async fn cook(&self, recipe: &Recipe) -> Result<Case, String> {
        let mut names = Vec::new();
        let sides = self.sides(recipe, &mut names).await;
        self.clear(names).await;
        let [old, new] = sides?;
        Ok(Case::of(&recipe.name, &old, &new))
    }

    async fn sides(&self, recipe: &Recipe, names: &mut Vec<String>) -> Result<[String; 2], String> {
        let mut sides = [String::new(), String::new()];
        for (side, text) in sides.iter_mut().enumerate() {
            let client = self.load(&recipe.bases[side], names).await?;
            for statement in &recipe.changes[side] {
                apply(&client, statement).await;
            }
            *text = self.host.dump(names.last().map_or("", String::as_str))?.text;
        }
        Ok(sides)
    }

    /// Whether the plans lead there and back by what limbeck itself reads. It is quick, for a first
    /// look: [`Mutator::taste`] asks `pg_dump`.
    pub async fn sniff(&self, drawn: Drawn) -> Result<bool, String> {
        let good = self.there_and_back(&drawn.databases).await;
        self.clear(drawn.databases).await;
        good
    }

    async fn there_and_back(&self, databases: &[String]) -> Result<bool, String> {
        let [old, new] = databases else { return Err("two databases".to_owned()) };
        let read = async |name: &str| {
            let client = self.host.client(name).await?;
            catalog::load(&client).await.map_err(|e| e.to_string())
        };
        let (old_side, new_side) = (read(old).await?, read(new).await?);
        let mut now = old_side.clone();
        for target in [&new_side, &old_side] {
            let options = plan::Options { online: !self.options.plain };
            let made = catch_unwind(AssertUnwindSafe(|| plan::plan(&now, target, options)));
            let Ok(Ok(plan)) = made else { return Ok(false) };
            if self.host.psql(old, &plan.script(), true).is_err() {
                return Ok(false);
            }
            now = read(old).await?;
            if !diff(&now, target).is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs what a recipe leads to.
    pub async fn taste(&self, recipe: &Recipe) -> Result<(Case, Report), String> {
        let case = self.cook(recipe).await?;
        let report = run::run(&case, self.host, self.admin, self.options).await;
        Ok((case, report))
    }

    /// Leaves out of a recipe that fails what it fails without as well.
    pub async fn reduce(&self, recipe: &Recipe, report: &Report) -> Recipe {
        let mut least = recipe.clone();
        let kind = fault(report);
        let all = (0..2).flat_map(|side| (0..recipe.changes[side].len()).map(move |at| (side, at)));
        for (side, at) in all.collect::<Vec<_>>().into_iter().rev() {
            let mut fewer = least.clone();
            fewer.changes[side].remove(at);
            let again = self.taste(&fewer).await;
            if again.is_ok_and(|(_, report)| report.failed() && fault(&report) == kind) {
                least = fewer;
            }
        }
        least
    }

    async fn clear(&self, names: Vec<String>) {
        for name in names {
            self.host.drop(self.admin, &name).await;
        }
    }
}

/// A side of one of the cases. Their names decide which one: another case changes few of the draws.
fn start(dice: &mut Dice, bases: &[Case]) -> (String, String) {
    let drawn = dice.below(usize::MAX);
    let weight = |case: &&Case| {
        let mut hasher = DefaultHasher::new();
        (drawn, &case.name).hash(&mut hasher);
        hasher.finish()
    };
    let case = bases.iter().max_by_key(weight).expect("there are cases to draw from");
    let side = if dice.below(2) == 0 && !case.old.is_empty() { &case.old } else { &case.new };
    (case.name.clone(), side.clone())
}

/// Runs statements all or none.
async fn apply(client: &Client, statements: &str) -> bool {
    let done = client.batch_execute(&format!("BEGIN;\n{statements};\nCOMMIT")).await.is_ok();
    if !done {
        let _ = client.batch_execute("ROLLBACK; RESET ROLE").await;
    }
    done
}

/// What two failures of one cause have in common: where they happened, and the words of the message
/// that are no names.
fn fault(report: &Report) -> String {
    let Verdict::Failed(failures) = &report.verdict else { return String::new() };
    let Some(first) = failures.first() else { return String::new() };
    let what = first.what.first().map_or("", String::as_str);
    let what = what.split(" at: ").next().unwrap_or_default();
    let words = what.split_whitespace().filter(|w| w.chars().all(char::is_alphabetic));
    format!("{:?} {}", first.stage, words.take(8).collect::<Vec<_>>().join(" "))
}
