//! The made-up project's models and database: what differs, and what leads from one to the other.

use std::{sync::Arc, time::Duration};

use super::shop;
use crate::{
    code::Code,
    engine::Error,
    plan::{
        Hazard, Length, Plan, Severity, Size, Statement,
        rename::{Question, Rename},
    },
    present::diff::Diff,
    revision::RevisionId,
    schema::{Key, KindId, Run},
    tui::{
        app::{App, Row, Screen},
        event::Event,
        pending::{Progress, Writing},
        theme::Theme,
        update::update,
    },
    worker::{
        Part, WorkerEvent,
        pending::{Change, Changes, Group, Planned, Sign, Terms, script},
    },
};

const ORDERS: (&str, &str) = (
    "CREATE TABLE public.orders (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id integer NOT NULL,
    total numeric(10,2) DEFAULT 0,
    status text DEFAULT 'new'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    note text,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id),
    CONSTRAINT orders_total_check CHECK (total >= 0)
);
CREATE INDEX orders_created_at_idx ON public.orders USING btree (created_at);
COMMENT ON TABLE public.orders IS 'One row for each order, paid or not';
",
    "CREATE TABLE public.orders (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id bigint NOT NULL,
    total numeric(10,2) DEFAULT 0,
    status public.order_status DEFAULT 'new'::public.order_status NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    note text,
    currency character(3) NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id),
    CONSTRAINT orders_total_check CHECK (total >= 0)
);
CREATE INDEX orders_created_at_idx ON public.orders USING btree (created_at);
CREATE INDEX orders_customer_created_idx ON public.orders USING btree (customer_id, created_at);
COMMENT ON TABLE public.orders IS 'One row for each order, paid or not';
",
);

const CUSTOMERS: (&str, &str) = (
    "CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    nickname text,
    mail text,
    CONSTRAINT customers_pkey PRIMARY KEY (id)
);
",
    "CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    email text,
    CONSTRAINT customers_pkey PRIMARY KEY (id)
);
",
);

const REFUNDS: &str = "CREATE TABLE billing.refunds (
    id bigint GENERATED ALWAYS AS IDENTITY,
    order_id bigint NOT NULL,
    amount numeric(12,2) NOT NULL,
    reason text,
    CONSTRAINT refunds_pkey PRIMARY KEY (id),
    CONSTRAINT refunds_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id)
);
";

const STATUS: &str = "CREATE TYPE public.order_status AS ENUM (
    'new',
    'paid',
    'shipped'
);
";

const OVERDUE: (&str, &str) = (
    "CREATE OR REPLACE FUNCTION public.overdue(days integer)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
    SELECT count(*) FROM orders WHERE created_at < now() - days * interval '1 day'
$function$;
",
    "CREATE OR REPLACE FUNCTION public.overdue(days integer)
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT count(*) FROM orders
     WHERE created_at < now() - days * interval '1 day' AND status <> 'shipped'
$function$;
",
);

fn column(table: &str, name: &str) -> Key {
    Key::on(KindId("column"), "public", table, name)
}

fn of_refunds(kind: &'static str, name: &str) -> Key {
    Key::on(KindId(kind), "billing", "refunds", name)
}

fn index() -> Key {
    Key::on(KindId("index"), "public", "orders", "orders_customer_created_idx")
}

fn orders() -> Key {
    Key::in_schema(KindId("table"), "public", "orders")
}

fn status() -> Key {
    Key::in_schema(KindId("enum"), "public", "order_status")
}

fn refunds() -> Key {
    Key::in_schema(KindId("table"), "billing", "refunds")
}

fn overdue() -> Key {
    Key::routine(KindId("function"), "public", "overdue", "integer")
}

fn hazard(rule: &'static str, severity: Severity, object: &str, message: &str) -> Hazard {
    Hazard { severity, ..Hazard::new(rule, object, message) }
}

/// The size of the table of orders, and who works with it.
const LARGE: Size = Size { bytes: 2_254_857_830, rows: Some(12_400_000), sessions: 2 };

fn rewrite(column: &str, types: &str) -> Vec<Hazard> {
    let what = format!(
        "rewrites public.orders ({column}: {types}) under ACCESS EXCLUSIVE, reads and writes wait \
         meanwhile"
    );
    vec![Hazard {
        lock: Some("ACCESS EXCLUSIVE"),
        blocks: Some("reads and writes"),
        length: Length::Rewrite,
        size: Some(LARGE),
        recipe: vec![format!("ALTER TABLE public.orders ADD COLUMN {column}_new …")],
        ..hazard("type-rewrite", Severity::Warning, "public.orders", &what)
    }]
}

/// What building the index costs in the direct form.
fn blocking_index() -> Vec<Hazard> {
    vec![Hazard {
        lock: Some("SHARE"),
        blocks: Some("writes"),
        length: Length::Scan,
        size: Some(LARGE),
        ..hazard(
            "index-not-concurrent",
            Severity::Warning,
            "public.orders",
            "builds orders_customer_created_idx on public.orders under SHARE, writes wait meanwhile",
        )
    }]
}

fn no_default() -> Vec<Hazard> {
    vec![
        hazard(
            "not-null-without-default",
            Severity::Warning,
            "public.orders",
            "fails unless the table is empty: there is no default",
        ),
        hazard(
            "brief-lock",
            Severity::Note,
            "public.orders",
            "takes ACCESS EXCLUSIVE on public.orders for a moment",
        ),
    ]
}

fn lost(what: &str) -> Vec<Hazard> {
    vec![hazard("drop-column", Severity::Danger, "public.customers", what)]
}

fn outside() -> Vec<Hazard> {
    vec![hazard(
        "not-transactional",
        Severity::Note,
        "",
        "runs outside of a transaction: what came before is committed",
    )]
}

fn change(key: Key, sign: Sign, name: &str, text: &str, part: usize) -> Change {
    let whole = match key.relation() {
        Some(table) => Key::in_schema(KindId("table"), key.schema().unwrap_or("public"), table),
        None => key.clone(),
    };
    Change {
        key,
        whole,
        direct: None,
        sign,
        name: name.to_owned(),
        text: text.to_owned(),
        hazards: Vec::new(),
        outside: false,
        loses: false,
        needs: Vec::new(),
        needed_by: Vec::new(),
        part,
    }
}

fn group(title: &str, kind: &'static str, items: std::ops::Range<usize>, whole: bool) -> Group {
    Group { title: title.to_owned(), kind, items, whole }
}

/// What differs.
pub fn changes() -> Changes {
    use Sign::{Added, Changed, Removed};
    let risky = |change: Change, hazards: Vec<Hazard>| Change { hazards, ..change };
    let mut items = vec![
        risky(
            change(column("customers", "nickname"), Removed, "nickname", "text", 0),
            lost("column public.customers.nickname and its values are lost"),
        ),
        risky(
            change(column("customers", "mail"), Removed, "mail", "text", 0),
            lost("column public.customers.mail and its values are lost"),
        ),
        change(column("customers", "email"), Added, "email", "text", 0),
        risky(
            change(column("orders", "customer_id"), Changed, "customer_id", "integer → bigint", 1),
            rewrite("customer_id", "integer to bigint"),
        ),
        risky(
            change(column("orders", "status"), Changed, "status", "text → public.order_status", 1),
            rewrite("status", "text to public.order_status"),
        ),
        risky(
            change(column("orders", "currency"), Added, "currency", "character(3) NOT NULL", 1),
            no_default(),
        ),
        Change {
            outside: true,
            whole: orders(),
            direct: Some(blocking_index()),
            ..risky(
                change(
                    index(),
                    Added,
                    "orders_customer_created_idx",
                    "USING btree (customer_id, created_at)",
                    1,
                ),
                outside(),
            )
        },
        change(refunds(), Added, "billing.refunds", "", 2),
        change(of_refunds("column", "id"), Added, "id", "bigint GENERATED ALWAYS AS IDENTITY", 2),
        change(of_refunds("column", "order_id"), Added, "order_id", "bigint NOT NULL", 2),
        change(of_refunds("column", "amount"), Added, "amount", "numeric(12,2) NOT NULL", 2),
        change(of_refunds("column", "reason"), Added, "reason", "text", 2),
        change(
            of_refunds("constraint", "refunds_pkey"),
            Added,
            "refunds_pkey",
            "PRIMARY KEY (id)",
            2,
        ),
        change(
            of_refunds("foreign key", "refunds_order_id_fkey"),
            Added,
            "refunds_order_id_fkey",
            "FOREIGN KEY (order_id) REFERENCES public.orders(id)",
            2,
        ),
        change(status(), Added, "order_status", "AS ENUM ( 'new', 'paid', 'shipped' )", 3),
        change(overdue(), Changed, "overdue(integer)", "parallel unsafe → safe, body", 4),
    ];
    for index in [0, 1] {
        items[index].loses = true;
    }
    let mut needs = vec![(4, 14)];
    needs.extend((8..14).map(|part| (part, 7)));
    needs.extend([(12, 8), (13, 9)]);
    for (who, whom) in needs {
        items[who].needs.push(whom);
        items[whom].needed_by.push(who);
    }
    let groups = vec![
        group("customers", "table", 0..3, false),
        group("orders", "table", 3..7, false),
        group("billing.refunds", "table", 7..14, true),
        group("enums", "", 14..15, false),
        group("functions", "", 15..16, false),
    ];
    let objects = Diff::of_parts([
        ("table customers", CUSTOMERS.0, CUSTOMERS.1),
        ("table orders", ORDERS.0, ORDERS.1),
        ("table billing.refunds", "", REFUNDS),
        ("enum order_status", "", STATUS),
        ("function overdue(integer)", OVERDUE.0, OVERDUE.1),
    ]);
    Changes {
        items,
        groups,
        objects: Arc::new(objects),
        questions: vec![Question {
            rename: Rename::Object {
                from: column("customers", "mail"),
                to: column("customers", "email"),
            },
            score: 84,
            data: true,
        }],
        unmanaged: vec!["large object 16398".to_owned(), "large object 16412".to_owned()],
        ..Changes::default()
    }
}

fn statement(keys: &[Key], sql: &str, run: Run, hazards: Vec<Hazard>) -> Statement {
    let loses = hazards.iter().filter(|h| h.severity == Severity::Danger);
    let loses = loses.map(|h| h.message.clone()).collect();
    Statement { loses, hazards, ..Statement::new(keys.to_vec(), sql, run) }
}

/// The plan of a choice: those of the fixed statements that are about it.
pub fn planned(changes: &Changes, chosen: &[bool], terms: &Terms) -> Planned {
    let on = |statement: &Statement| {
        let mut items = changes.items.iter().zip(chosen);
        items.any(|(item, chosen)| *chosen && statement.keys.first() == Some(&item.key))
    };
    let refunds_keys: Vec<Key> = changes.items
        [7.min(changes.items.len())..14.min(changes.items.len())]
        .iter()
        .map(|item| item.key.clone())
        .collect();
    let together = Run::Together;
    let up = vec![
        statement(
            &[status()],
            "CREATE TYPE public.order_status AS ENUM (\n    'new',\n    'paid',\n    'shipped'\n)",
            together,
            vec![],
        ),
        statement(&refunds_keys, REFUNDS.trim_end().trim_end_matches(';'), together, vec![]),
        statement(
            &[column("customers", "nickname")],
            "ALTER TABLE public.customers\n    DROP COLUMN nickname",
            together,
            lost("column public.customers.nickname and its values are lost"),
        ),
        statement(
            &[column("customers", "mail")],
            "ALTER TABLE public.customers\n    DROP COLUMN mail",
            together,
            lost("column public.customers.mail and its values are lost"),
        ),
        statement(
            &[column("customers", "email")],
            "ALTER TABLE public.customers\n    ADD COLUMN email text",
            together,
            vec![],
        ),
        statement(
            &[column("orders", "customer_id")],
            "ALTER TABLE public.orders\n    ALTER COLUMN customer_id TYPE bigint",
            together,
            Vec::new(),
        ),
        statement(
            &[column("orders", "status")],
            "ALTER TABLE public.orders\n    ALTER COLUMN status DROP DEFAULT,\n    ALTER COLUMN status TYPE public.order_status USING status::public.order_status,\n    ALTER COLUMN status SET DEFAULT 'new'::public.order_status",
            together,
            Vec::new(),
        ),
        statement(
            &[column("orders", "currency")],
            "ALTER TABLE public.orders\n    ADD COLUMN currency character(3) NOT NULL",
            together,
            no_default(),
        ),
        statement(&[overdue()], OVERDUE.1.trim_end().trim_end_matches(';'), together, vec![]),
        match terms.direct.contains(&orders()) {
            true => statement(
                &[index()],
                "CREATE INDEX orders_customer_created_idx ON public.orders USING btree (customer_id, created_at)",
                together,
                blocking_index(),
            ),
            false => statement(
                &[index()],
                "CREATE INDEX CONCURRENTLY orders_customer_created_idx ON public.orders USING btree (customer_id, created_at)",
                Run::Outside,
                outside(),
            ),
        },
    ];
    let down = vec![
        statement(
            &[index()],
            "DROP INDEX CONCURRENTLY public.orders_customer_created_idx",
            Run::Outside,
            outside(),
        ),
        statement(&[overdue()], OVERDUE.0.trim_end().trim_end_matches(';'), together, vec![]),
        statement(
            &[column("orders", "currency")],
            "ALTER TABLE public.orders\n    DROP COLUMN currency",
            together,
            lost("column public.orders.currency and its values are lost"),
        ),
        statement(
            &[column("orders", "status")],
            "ALTER TABLE public.orders\n    ALTER COLUMN status DROP DEFAULT,\n    ALTER COLUMN status TYPE text USING status::text,\n    ALTER COLUMN status SET DEFAULT 'new'::text",
            together,
            Vec::new(),
        ),
        statement(
            &[column("orders", "customer_id")],
            "ALTER TABLE public.orders\n    ALTER COLUMN customer_id TYPE integer",
            together,
            Vec::new(),
        ),
        statement(
            &[column("customers", "email")],
            "ALTER TABLE public.customers\n    DROP COLUMN email",
            together,
            lost("column public.customers.email and its values are lost"),
        ),
        statement(
            &[column("customers", "mail")],
            "ALTER TABLE public.customers\n    ADD COLUMN mail text",
            together,
            vec![],
        ),
        statement(
            &refunds_keys,
            "DROP TABLE billing.refunds",
            together,
            lost("table billing.refunds and its rows are lost"),
        ),
        statement(&[status()], "DROP TYPE public.order_status", together, vec![]),
    ];
    let plan = |all: Vec<Statement>| Plan {
        statements: all.into_iter().filter(|one| on(one)).collect(),
        notes: Vec::new(),
    };
    Planned {
        up: script(&plan(up), &|statement, hazard| terms.reason(statement, hazard)),
        down: script(&plan(down), &|_, _| None),
        ..Planned::default()
    }
}

/// The objects that the revision "orders: status becomes enum" changes.
pub fn of_revision() -> Diff {
    let after = ORDERS
        .1
        .replace("    currency character(3) NOT NULL,\n", "")
        .replace("CREATE INDEX orders_customer_created_idx ON public.orders USING btree (customer_id, created_at);\n", "");
    Diff::of_parts([("table orders", ORDERS.0, after.as_str()), ("enum order_status", "", STATUS)])
}

/// The shop with everything applied, so that a revision can be made.
pub fn current(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    if let Some(overview) = app.snapshot.overview.as_mut() {
        let overview = Arc::make_mut(overview);
        for state in &mut overview.states {
            state.applied = true;
            state.current = false;
            state.edited = None;
        }
        overview.rows = vec![RevisionId::new("2c9e11ab04d7"), RevisionId::new("90aa77fe6b35")];
        overview.orphans.clear();
        overview.pending = 0;
    }
    let head = super::node_of(&app, "2c9e11ab04d7");
    let is_head = |row: &Row| matches!(row, Row::Revision { node, .. } if *node == head);
    app.graph.selected = app.graph.rows.iter().position(is_head).unwrap_or(0);
    app.graph.moved = true;
    app.screen = Screen::Pending;
    app
}

fn told(app: &mut App, outcome: Result<Changes, Error>) {
    let part = Part::Changes(outcome.map(Arc::new).map_err(Arc::new));
    for effect in update(app, Event::Worker(WorkerEvent::Fresh(part))) {
        if let crate::tui::event::Effect::Submit(job) = effect
            && let Some(answer) = super::answer(job)
        {
            update(app, Event::Worker(answer));
        }
    }
}

/// The screen with its changes, the selection on one that rewrites a table.
pub fn changed(theme: Theme, size: (u16, u16)) -> App {
    let mut app = current(theme, size);
    told(&mut app, Ok(changes()));
    let rows = &app.pending.rows;
    let wanted = crate::tui::pending::TreeRow::Item(4);
    app.pending.selected = rows.iter().position(|row| *row == wanted).unwrap_or(0);
    app
}

/// A revision is being proved.
pub(super) fn proving(theme: Theme, size: (u16, u16)) -> App {
    let mut app = changed(theme, size);
    let begun = app.now.mono.checked_sub(Duration::from_secs(4)).unwrap_or_default();
    let mut progress = Progress::new(begun);
    for (words, millis) in [
        ("making a scratch database", 0),
        ("copying the schema of the database", 310),
        ("running the plan in a scratch database", 1_240),
        ("asking pg_dump", 1_660),
        ("running the way back in a scratch database", 2_520),
    ] {
        progress.reach(words.to_owned(), begun + Duration::from_millis(millis));
    }
    let message = "orders: status becomes an enum, with a currency".to_owned();
    app.pending.writing = Some(Writing { progress, message, apply: false });
    app
}

/// The models cannot be built.
pub(super) fn broken(theme: Theme, size: (u16, u16)) -> App {
    let mut app = current(theme, size);
    let mut error =
        Error::new(Code::Sql, "models/orders.sql:14: type \"public.order_stats\" does not exist")
            .with_hint("correct the statement, or add what it needs to the models");
    error.more = vec![
        "models/reporting.sql:3: relation \"orders\" does not exist".to_owned(),
        "models/reporting.sql:21: relation \"daily_sales\" does not exist".to_owned(),
    ];
    told(&mut app, Err(error));
    app
}

/// Nothing differs.
pub(super) fn equal(theme: Theme, size: (u16, u16)) -> App {
    let mut app = current(theme, size);
    let unmanaged = changes().unmanaged;
    told(&mut app, Ok(Changes { unmanaged, ..Changes::default() }));
    app
}

/// There are no models.
pub(super) fn missing(theme: Theme, size: (u16, u16)) -> App {
    let mut app = current(theme, size);
    let path = app.config.root.join("models");
    told(&mut app, Ok(Changes { missing: Some(path), ..Changes::default() }));
    app
}

/// The first comparison is under way.
pub(super) fn comparing(theme: Theme, size: (u16, u16)) -> App {
    let mut app = current(theme, size);
    let begun = app.now.mono.checked_sub(Duration::from_secs(2)).unwrap_or_default();
    let mut progress = Progress::new(begun);
    progress.reach("reading the database".to_owned(), begun);
    progress.reach("making a scratch database".to_owned(), begun + Duration::from_millis(120));
    progress.reach("building the models".to_owned(), begun + Duration::from_millis(480));
    app.pending.comparing = Some(progress);
    app
}
