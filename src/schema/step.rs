//! One statement of a plan, before and after it is put together with its neighbours.

use serde::Serialize;

use super::Key;

/// One statement of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The object it is about.
    pub key: Key,
    /// What is run.
    pub body: Body,
    /// How it is run.
    pub run: Run,
    /// May be moved to the end of the plan: nothing waits for it (`VALIDATE CONSTRAINT`).
    pub late: bool,
    /// What it did can be used only after it is committed (`ALTER TYPE … ADD VALUE`): what follows
    /// starts a new transaction, if it needs the object.
    pub commit_after: bool,
    /// The data it destroys, in words ("the table and its rows"); none when it destroys none.
    pub loses: Option<String>,
}

/// The text of a step, as far as it can be known before its neighbours are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A statement, without its semicolon.
    Text(String),
    /// `head (elements) tail`: elements are the `inside` of what is built together with it.
    Container {
        /// `CREATE TABLE public.account`.
        head: String,
        /// What follows the parenthesis: `PARTITION BY …`, `WITH (…)`; empty or starting without
        /// a space.
        tail: String,
    },
    /// A clause of `ALTER TABLE`, which may share the statement with others of its kind.
    Clause {
        /// `ALTER TABLE public.account`.
        head: String,
        /// `ADD COLUMN email text`; clauses with equal `head` and `group` may be joined.
        clause: String,
        /// Which clauses may stand together in one statement; PostgreSQL sorts the clauses of a
        /// statement into passes of its own, so only those of one sort are safe together.
        group: Group,
        /// The same when it is built together with what it stands on.
        inside: Option<Inside>,
    },
}

/// What a part contributes to the statement that builds it together with its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// An element within the parentheses: `email text`, `PRIMARY KEY (id)`.
    Element(String),
    /// What is appended to the parent's own element, or to its clause when the parent is added to
    /// a table that exists: ` DEFAULT 5`, with the space before it.
    Suffix(String),
}

/// Sorts of `ALTER TABLE` clauses that may be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// `ADD COLUMN`.
    AddColumn,
    /// `DROP COLUMN`.
    DropColumn,
    /// `ADD CONSTRAINT`.
    AddConstraint,
    /// `DROP CONSTRAINT`.
    DropConstraint,
    /// Changes of columns that depend on nothing else in the statement: `ALTER COLUMN … SET …`.
    AlterColumn,
    /// `ALTER COLUMN … TYPE`: one rewrite for all of them.
    AlterType,
    /// Never joined.
    Alone,
}

/// How a step is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// In a transaction with its neighbours.
    Together,
    /// In a transaction that starts after the one before it was committed: `VALIDATE CONSTRAINT`
    /// (its light lock helps only when the heavy one is gone), the first use of a new enum value.
    NewTransaction,
    /// Not in a transaction: `CREATE INDEX CONCURRENTLY`.
    Outside,
}

impl Step {
    /// A statement of its own, run together with its neighbours.
    pub fn new(key: &Key, sql: impl Into<String>) -> Self {
        Self {
            key: key.clone(),
            body: Body::Text(sql.into()),
            run: Run::Together,
            late: false,
            commit_after: false,
            loses: None,
        }
    }

    /// The creation of a relation that takes elements.
    pub fn container(key: &Key, head: impl Into<String>, tail: impl Into<String>) -> Self {
        let body = Body::Container { head: head.into(), tail: tail.into() };
        Self { body, ..Self::new(key, "") }
    }

    /// A clause of `ALTER TABLE`; `head` is `ALTER TABLE public.account`.
    pub fn clause(
        key: &Key,
        head: impl Into<String>,
        group: Group,
        clause: impl Into<String>,
    ) -> Self {
        let body = Body::Clause { head: head.into(), clause: clause.into(), group, inside: None };
        Self { body, ..Self::new(key, "") }
    }

    /// Gives the form within the parentheses of the relation's creation.
    #[must_use]
    pub fn inside(self, text: impl Into<String>) -> Self {
        self.with(Inside::Element(text.into()))
    }

    /// Gives the form at the end of its parent's element or clause, the space before it included.
    #[must_use]
    pub fn suffix(self, text: impl Into<String>) -> Self {
        self.with(Inside::Suffix(text.into()))
    }

    fn with(mut self, form: Inside) -> Self {
        if let Body::Clause { inside, .. } = &mut self.body {
            *inside = Some(form);
        }
        self
    }

    /// Says what data it destroys.
    #[must_use]
    pub fn loses(mut self, what: impl Into<String>) -> Self {
        self.loses = Some(what.into());
        self
    }

    /// Says how it is run.
    #[must_use]
    pub fn run(mut self, run: Run) -> Self {
        self.run = run;
        self
    }

    /// Lets it move to the end of the plan.
    #[must_use]
    pub fn late(mut self) -> Self {
        self.late = true;
        self
    }

    /// Says that it must be committed before what it did can be used.
    #[must_use]
    pub fn commit_after(mut self) -> Self {
        self.commit_after = true;
        self
    }

    /// The statement as it stands by itself, without its semicolon.
    pub fn sql(&self) -> String {
        match &self.body {
            Body::Text(sql) => sql.clone(),
            Body::Container { head, tail } if tail.is_empty() => format!("{head} (\n)"),
            Body::Container { head, tail } => format!("{head} (\n)\n{tail}"),
            Body::Clause { head, clause, .. } => format!("{head} {clause}"),
        }
    }
}
