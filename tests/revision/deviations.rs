//! What limbeck does better than Alembic: one test for each deviation of `docs/design/graph.md`,
//! named after its number.

use std::{fs, path::Path};

use limbeck::{
    code::Code,
    revision::{
        Graph, History, Plan, RevisionId, Source, file,
        graph::{Fault, Vertex},
        rebase,
        target::{self, TargetError},
        write,
    },
};

/// A graph from lines of `id: parents > dependencies # labels`.
fn graph(text: &str) -> Graph {
    let (graph, faults) = Graph::build(vertices(text));
    assert_eq!(faults, Vec::<Fault>::new());
    graph
}

fn vertices(text: &str) -> Vec<Vertex> {
    let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (line, labels) = line.split_once('#').unwrap_or((line, ""));
            let (line, depends_on) = line.split_once('>').unwrap_or((line, ""));
            let (id, down) = line.split_once(':').unwrap_or((line, ""));
            Vertex {
                id: RevisionId::new(id.trim()),
                down: names(down).into_iter().map(RevisionId::new).collect(),
                depends_on: names(depends_on),
                labels: names(labels),
            }
        })
        .collect()
}

fn rows(ids: &[&str]) -> Vec<RevisionId> {
    ids.iter().map(|id| RevisionId::new(*id)).collect()
}

fn ran(graph: &Graph, plan: &Plan) -> Vec<String> {
    plan.nodes().map(|node| graph.id(node).to_string()).collect()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, TargetError>) -> TargetError {
    result.expect_err("this must be refused")
}

const FORK: &str = "
    aaaa:
    bbbb: aaaa
    left1: bbbb # left
    left2: left1
    right1: bbbb # right
";

#[test]
fn deviation_01_an_unknown_label_is_always_an_error() {
    let graph = graph(FORK);
    let all = rows(&["left2", "right1"]);
    for spec in ["typo@base", "typo@aaaa", "typo@-1", "typo@head"] {
        let error = refused(target::downgrade(&graph, &all, spec));
        assert!(
            matches!(error.code, Code::UnknownRevision | Code::MultipleHeads),
            "{spec}: {error}"
        );
    }
    for spec in ["typo@base", "typo@heads", "typo@+1"] {
        assert_eq!(refused(target::upgrade(&graph, &[], spec)).code, Code::UnknownRevision);
    }
    assert_eq!(
        refused(target::stamp(&graph, &[], &["typo@base"], false)).code,
        Code::UnknownRevision
    );
    assert_eq!(refused(target::resolve(&graph, &[], "typo@-1")).code, Code::UnknownRevision);
    let error = refused(target::downgrade(&graph, &all, "rihgt@base"));
    assert!(error.hint.is_some_and(|hint| hint.contains("`right`")));
}

#[test]
fn deviation_02_a_branch_goes_down_to_where_it_forks() {
    let graph = graph(FORK);
    let plan = target::downgrade(&graph, &rows(&["left2", "right1"]), "left@base").expect("a plan");
    assert_eq!(ran(&graph, &plan), ["left2", "left1"]);
    assert_eq!(plan.after(), rows(&["right1"]));
    let alone = target::downgrade(&graph, &rows(&["left2"]), "left@base").expect("a plan");
    assert_eq!(alone.after(), rows(&["bbbb"]));
    let other = target::downgrade(&graph, &rows(&["right1"]), "left@base").expect("a plan");
    assert_eq!(ran(&graph, &other), [""; 0]);
}

#[test]
fn deviation_03_steps_from_several_rows_are_never_guessed() {
    let graph = graph(FORK);
    let all = rows(&["left2", "right1"]);
    for error in [
        refused(target::downgrade(&graph, &all, "-1")),
        refused(target::upgrade(&graph, &all, "+1")),
    ] {
        assert!(error.message.contains("`left2` and `right1`"), "{error}");
    }
    let hint = refused(target::downgrade(&graph, &all, "-1")).hint.unwrap_or_default();
    assert_eq!(hint, "write one of `left@-1` and `right@-1`");
    for form in ["left@-1", "right@-1"] {
        let plan = target::downgrade(&graph, &all, form).expect("what the hint says works");
        assert_eq!(plan.moves.len(), 1);
    }
}

#[test]
fn deviation_04_steps_down_where_the_branch_forks_above_its_label() {
    let graph = graph("aaaa: # main\n left: aaaa\n right: aaaa\n right2: right");
    let plan = target::downgrade(&graph, &rows(&["right2"]), "main@-2").expect("a plan");
    assert_eq!(ran(&graph, &plan), ["right2", "right"]);
    let error = refused(target::downgrade(&graph, &rows(&["left", "right2"]), "main@-1"));
    assert!(error.message.contains("`left` and `right2`"), "{error}");
}

#[test]
fn deviation_05_a_range_up_to_current_counts_from_there() {
    let graph = graph("a1:\n a2: a1\n a3: a2\n a4: a3\n a5: a4");
    let nodes = target::history(&graph, &rows(&["a3"]), Some("-1:current")).expect("a range");
    let ids: Vec<&str> = nodes.iter().map(|&node| graph.id(node).as_str()).collect();
    assert_eq!(ids, ["a3", "a2"]);
}

#[test]
fn deviation_06_steps_off_the_end_say_how_far_one_can_go() {
    let graph = graph("a1:\n a2: a1\n a3: a2");
    let error = refused(target::upgrade(&graph, &rows(&["a1"]), "+5"));
    assert_eq!(error.message, "`+5` goes too far: only 2 steps up are possible from there");
    assert_eq!(error.hint.as_deref(), Some("write `+2` to go as far as possible"));
    let error = refused(target::downgrade(&graph, &rows(&["a2"]), "-4"));
    assert_eq!(error.message, "`-4` goes too far: only 2 steps down are possible from there");
    for spec in ["a3+1", "head+1", "a1-1", "a1-9"] {
        assert_eq!(refused(target::upgrade(&graph, &[], spec)).kind, "relative_too_far", "{spec}");
    }
    assert_eq!(refused(target::downgrade(&graph, &[], "-1")).kind, "relative_too_far");
}

#[test]
fn deviation_07_prefixes_say_what_they_could_mean() {
    let graph = graph("ab12cd34:\n ab12ef56: ab12cd34\n 9584caadb170: ab12ef56");
    let error = refused(target::resolve(&graph, &[], "ab12"));
    assert_eq!(error.code, Code::AmbiguousId);
    assert_eq!(error.message, "`ab12` is the start of several names: `ab12cd34` and `ab12ef56`");
    for near in ["9584caadb17", "9584cadb170", "9584CAADB170", "9584caabd170"] {
        match target::resolve(&graph, &[], near) {
            Ok(nodes) => assert_eq!(graph.id(nodes[0]).as_str(), "9584caadb170"),
            Err(error) => {
                assert_eq!(error.hint.as_deref(), Some("did you mean `9584caadb170`?"), "{near}");
            }
        }
    }
    assert_eq!(refused(target::resolve(&graph, &[], "something")).code, Code::UnknownRevision);
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file in a temporary folder");
}

fn load(folder: &Path) -> History {
    History::load(&Source::Folders {
        folders: vec![folder.to_owned()],
        recursive: false,
        shown_from: Some(folder.to_owned()),
    })
}

#[test]
fn deviation_08_all_problems_of_a_folder_are_reported_with_their_places() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let up = "\n-- migrate:up\nSELECT 1;\n";
    put(folder.path(), "a.sql", &format!("-- one\n-- Revision ID: aaaa\n{up}"));
    put(folder.path(), "b.sql", &format!("-- twice\n--\n-- Revision ID: aaaa\n{up}"));
    put(folder.path(), "c.sql", &format!("-- lost\n-- Revision ID: cccc\n-- Revises: aaab\n{up}"));
    put(
        folder.path(),
        "d.sql",
        &format!("-- circle\n-- Revision ID: dddd\n-- Revises: eeee\n{up}"),
    );
    put(
        folder.path(),
        "e.sql",
        &format!("-- circle\n-- Revision ID: eeee\n-- Revises: dddd\n{up}"),
    );
    put(
        folder.path(),
        "f.sql",
        &format!("-- date\n-- Revision ID: ffff\n-- Create Date: soon\n{up}"),
    );
    let history = load(folder.path());
    let told: Vec<String> = history.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "f.sql:3: `soon` is no date",
            "b.sql:3: the revision id `aaaa` is declared in `a.sql` and in `b.sql`",
            "c.sql:3: `cccc` revises `aaab`, which is in no file",
            "d.sql:3: 2 revisions revise each other in a circle: `dddd` (d.sql), `eeee` (e.sql)",
        ]
    );
    assert_eq!(history.problems()[2].hint.as_deref(), Some("did you mean `aaaa`?"));
    // What is left can be shown: the first of the two, the lost one as a base, the circle cut.
    let ids: Vec<&str> = history.revisions().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["aaaa", "cccc", "dddd", "eeee", "ffff"]);
    let all = target::history(history.graph(), &[], None).expect("a listing");
    assert_eq!(all.len(), 5);
    assert!(history.check().is_err());
}

#[test]
fn deviation_09_ids_and_messages_of_any_length() {
    let long = "x".repeat(300);
    let graph = graph(&format!("{long}:\n b: {long}"));
    let plan = target::upgrade(&graph, &[], &long).expect("a plan");
    assert_eq!(plan.after(), rows(&[&long]));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let new = write::NewRevision { message: "m".repeat(1000), ..Default::default() };
    let path = write::write(folder.path(), &load(folder.path()), &[], &new, "{id}_{slug}")
        .expect("a file");
    let read = file::parse(&path, &fs::read(&path).expect("the file")).expect("a revision");
    assert_eq!((read.id.as_str().len(), read.message.len()), (12, 1000));
}

#[test]
fn deviation_10_a_merge_of_revisions_that_depend_on_each_other() {
    let graph = graph("a1:\n b1: > a1\n c1:\n all: a1 b1 c1");
    let plan = target::upgrade(&graph, &[], "head").expect("a plan");
    assert_eq!(plan.rows_after(3), rows(&["b1", "c1"]));
    assert_eq!(plan.after(), rows(&["all"]));
    assert_eq!(plan.moves[3].rows.len(), 2);
    let back = target::downgrade(&graph, &plan.after(), "base").expect("a plan");
    assert_eq!(back.after(), rows(&[]));
}

#[test]
fn deviation_11_listings_are_stable_and_the_check_knows_dependencies() {
    let graph = graph("shop:\n mail: > shop\n news: > mail shop");
    let expected = vec![graph.find("mail"), graph.find("news"), graph.find("shop")];
    let (tips, unknown) = target::current(&graph, &rows(&["news"]));
    assert_eq!((tips.into_iter().map(Some).collect::<Vec<_>>(), unknown), (expected, Vec::new()));
    assert!(target::at_heads(&graph, &rows(&["news"])));
    assert!(!target::at_heads(&graph, &rows(&["mail"])));
    assert!(!target::at_heads(&graph, &rows(&["news", "gone"])));
}

#[test]
fn deviation_12_orders_are_those_declared() {
    for deps in ["c1 b1 a1", "a1 b1 c1", "b1 a1 c1"] {
        let graph = graph(&format!("a1:\n b1:\n c1:\n all: > {deps}"));
        let plan = target::upgrade(&graph, &[], "all").expect("a plan");
        let mut expected: Vec<&str> = deps.split(' ').collect();
        let first = expected.remove(0);
        // The first dependency takes the slot of the revision and is walked first; the walk is
        // turned round for an upgrade.
        expected.insert(0, first);
        let down = target::downgrade(&graph, &rows(&["all"]), "base").expect("a plan");
        let mut up = ran(&graph, &plan);
        up.reverse();
        assert_eq!(up, ran(&graph, &down));
        assert_eq!(graph.dependencies(graph.find("all").expect("it")).len(), 3);
        assert_eq!(up[1], first);
    }
}

#[test]
fn deviation_13_listings_take_the_rows_and_need_no_database() {
    // Nothing in this layer can write to a database; without rows, listings work all the same.
    let graph = graph(FORK);
    assert!(target::history(&graph, &[], Some("base:current")).is_ok());
    assert_eq!(target::resolve(&graph, &[], "current"), Ok(Vec::new()));
}

#[test]
fn deviation_14_several_heads_are_shown_merged_or_rebased() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |id: &str, down: &str| {
        format!(
            "-- {id}\r\n--\r\n-- Revision ID: {id}\r\n--  revises :  {down} \r\n\r\n-- migrate:up\r\nSELECT '{id}';\r\n"
        )
    };
    put(folder.path(), "1.sql", &file("aaaa", ""));
    put(folder.path(), "2.sql", &file("mine1", "aaaa"));
    put(folder.path(), "3.sql", &file("mine2", "mine1"));
    put(folder.path(), "4.sql", &file("theirs", "aaaa"));
    let history = load(folder.path());
    assert_eq!(history.check(), Ok(()));
    assert_eq!(history.graph().heads().len(), 2);

    let merged =
        write::place(history.graph(), &[], &["heads".to_owned()], false, &[]).expect("a place");
    assert_eq!(merged.down.len(), 2);

    let error = refused(rebase::plan(&history, &rows(&["mine1"]), "mine2", "theirs"));
    assert!(error.message.contains("`mine1` is applied already"), "{error}");
    let plan = rebase::plan(&history, &rows(&["theirs"]), "mine2", "theirs").expect("a rebase");
    assert_eq!((plan.moved.len(), plan.changes.len()), (2, 1));
    rebase::apply(&plan, folder.path()).expect("files to change");
    let text = fs::read_to_string(folder.path().join("2.sql")).expect("the file");
    assert_eq!(text, file("mine1", "theirs").replace(":  theirs \r", ": theirs \r"));
    let after = load(folder.path());
    assert_eq!(after.graph().heads().len(), 1);
    let plan = target::upgrade(after.graph(), &rows(&["theirs"]), "head").expect("a plan");
    assert_eq!(ran(after.graph(), &plan), ["mine1", "mine2"]);
}
