//! Rights as statements: what a new object gives by itself, and the `GRANT`s and `REVOKE`s that
//! lead from one list of rights to another.
//!
//! Facts of PostgreSQL: `acldefault`, `aclnewowner` and `recursive_revoke` in `acl.c`; the letters
//! in `acl.h`. `MAINTAIN` came with 17.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Acl,
    acl::{Grant, Rights},
    kind::GrantTarget,
    sql::ident,
};

/// Each right's letter and word, in the order in which they are written.
const WORDS: &[(char, &str)] = &[
    ('r', "SELECT"),
    ('a', "INSERT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('m', "MAINTAIN"),
    ('U', "USAGE"),
    ('X', "EXECUTE"),
    ('C', "CREATE"),
    ('T', "TEMPORARY"),
    ('c', "CONNECT"),
    ('s', "SET"),
    ('A', "ALTER SYSTEM"),
];

/// The letters of all rights on a class of objects (a letter of `acldefault`).
fn all(class: char, version: u32) -> &'static str {
    match class {
        'r' if version >= 170_000 => "arwdDxtm",
        'r' => "arwdDxt",
        'c' => "arwx",
        's' => "rwU",
        'f' => "X",
        'n' => "UC",
        'L' => "rw",
        'd' => "CTc",
        'T' | 'l' | 'F' | 'S' => "U",
        _ => "",
    }
}

/// What the owner and PUBLIC have on an object of this class when nobody said otherwise.
pub fn by_default(class: char, owner: &str, version: u32) -> Acl {
    let mut acl = Acl::default();
    let mut give = |grantee: Option<&str>, letters: &str| {
        let grant = Grant { grantee: grantee.map(str::to_owned), grantor: owner.to_owned() };
        acl.add(grant, &letters.chars().map(|c| (c, false)).collect());
    };
    match class {
        'f' => give(None, "X"),
        'T' | 'l' => give(None, "U"),
        'd' => give(None, "Tc"),
        _ => {}
    }
    // On a column there is nothing but what is granted on it; the table's rights stand above.
    if class != 'c' {
        give(Some(owner), all(class, version));
    }
    acl
}

/// The rights after `ALTER … OWNER TO`: the new owner stands wherever the old one stood, and what
/// becomes equal by that is merged.
pub fn with_owner(acl: &Acl, from: &str, to: &str) -> Acl {
    let rename = |role: &str| if role == from { to.to_owned() } else { role.to_owned() };
    let mut moved = Acl::default();
    for (grant, rights) in acl.iter() {
        let grantee = grant.grantee.as_deref().map(rename);
        moved.add(Grant { grantee, grantor: rename(&grant.grantor) }, rights);
    }
    moved
}

/// All rights of both.
pub fn union(a: &Acl, b: &Acl) -> Acl {
    let mut all = a.clone();
    for (grant, rights) in b.iter() {
        all.add(grant.clone(), rights);
    }
    all
}

/// The rights that both have.
pub fn common(a: &Acl, b: &Acl) -> Acl {
    let mut both = Acl::default();
    for (grant, rights) in a.iter() {
        let Some(other) = b.get(grant) else { continue };
        let rights: Rights = rights
            .iter()
            .filter_map(|(letter, option)| Some((*letter, *option && *other.get(letter)?)))
            .filter(|(letter, _)| other.contains_key(letter))
            .collect();
        both.add(grant.clone(), &rights);
    }
    both
}

/// What a change of rights is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The object.
    pub on: &'a GrantTarget,
    /// Its owner at that moment: grants of the owner need no change of role.
    pub owner: Option<&'a str>,
    /// `server_version_num` of the server that runs the statements.
    pub version: u32,
    /// What stands before each statement: `ALTER DEFAULT PRIVILEGES FOR ROLE x `; mostly empty.
    pub prefix: &'a str,
}

/// One right: who has it from whom, and its letter.
type Right = (Grant, char);

/// Returns the statements that lead to `want`: first the `REVOKE`s, then the `GRANT`s, those of
/// other grantors than the owner in that grantor's name.
///
/// `may` is all that there may be now, `sure` what there is without doubt; they differ for a new
/// object only, whose first rights depend on who makes it.
pub fn changes(about: About<'_>, may: &Acl, sure: &Acl, want: &Acl) -> Vec<String> {
    let known = all(about.on.class, about.version);
    let flat = |acl: &Acl| -> BTreeMap<Right, bool> {
        acl.iter()
            .flat_map(|(grant, rights)| {
                rights.iter().map(move |(letter, option)| ((grant.clone(), *letter), *option))
            })
            .filter(|((_, letter), _)| known.contains(*letter))
            .collect()
    };
    let remade = if may == sure { remade(about, may, want) } else { BTreeSet::new() };
    let (mut have, sure, want_flat) = (flat(may), flat(sure), flat(want));
    let mut out = Writer { about, known, statements: Vec::new(), acting: None };

    // The last of a chain goes first, so that nothing depends on what is taken away.
    let depths = depths(may, about.owner);
    let mut lost: Vec<(Right, bool)> = have
        .iter()
        .filter_map(|(right, option)| match want_flat.get(right) {
            None => Some((right.clone(), false)),
            Some(_) if remade.contains(&right.0) => Some((right.clone(), false)),
            Some(wanted) => (*option && !wanted).then(|| (right.clone(), true)),
        })
        .collect();
    lost.sort_by_key(|((grant, _), _)| std::cmp::Reverse(depth(&depths, &grant.grantor)));
    let mut revokes = Groups::default();
    for (right, option_only) in lost {
        let cascade = take(&mut have, &right, option_only, about.owner);
        let rank = u16::MAX - depth(&depths, &right.0.grantor);
        revokes.add(rank, &right, option_only, cascade);
    }
    for (group, grantees) in revokes.statements() {
        out.revoke(&group, &grantees);
    }

    let enough = |state: &BTreeMap<Right, bool>, right: &Right, option: bool| {
        state.get(right).is_some_and(|has| *has >= option)
    };
    let missing = |right: &Right, option: bool| {
        !enough(&have, right, option) || !enough(&sure, right, option)
    };
    let mut open: Vec<(&Grant, Rights)> = want
        .iter()
        .map(|(grant, _)| {
            let rights = want_flat
                .iter()
                .filter(|((g, letter), o)| g == grant && missing(&(g.clone(), *letter), **o));
            (grant, rights.map(|((_, letter), option)| (*letter, *option)).collect::<Rights>())
        })
        .filter(|(_, rights)| !rights.is_empty())
        .collect();
    let introduces = |grant: &Grant| !have.keys().any(|(g, _)| g == grant);
    // In the order in which they were granted once, unless a grantor does not have the right yet.
    let mut grants = Grants::default();
    let mut held: BTreeMap<Right, bool> = have.clone();
    while !open.is_empty() {
        let ready = open.iter().position(|(grant, rights)| {
            about.owner.is_none_or(|owner| owner == grant.grantor)
                || rights.keys().all(|letter| holds(&held, &grant.grantor, *letter))
        });
        // Nobody can give it in a list that a server wrote; then any place is as good.
        let (grant, rights) = open.remove(ready.unwrap_or_default());
        grants.add(grant, &rights, introduces(grant));
        held.extend(rights.iter().map(|(letter, option)| ((grant.clone(), *letter), *option)));
    }
    for (group, grantees) in grants.lines {
        out.grant(&group, &grantees);
    }
    out.act_as(None);
    out.statements
}

/// The entries that are taken away and given again because others come to stand before them.
///
/// A list keeps the order in which it was granted, dumps show it, and new entries go to its end:
/// what changes back must end where it began. Only a list that changes anyway is put in order, and
/// only one without chains; nobody else sees the moment between, which is inside a transaction.
pub fn remade(about: About<'_>, had: &Acl, want: &Acl) -> BTreeSet<Grant> {
    let owner = about.owner.unwrap_or_default();
    if had == want || had.iter().chain(want.iter()).any(|(grant, _)| grant.grantor != owner) {
        return BTreeSet::new();
    }
    // What is there by default is not shown, wherever it stands.
    let ordinary = by_default(about.on.class, owner, about.version);
    let shown: Vec<&Grant> = want
        .iter()
        .filter(|(grant, rights)| ordinary.get(grant) != Some(*rights))
        .map(|(grant, _)| grant)
        .collect();
    // An entry stays where it is as long as one right of it does.
    let stays = |grant: &Grant| {
        let now = want.get(grant)?;
        let was = had.get(grant).filter(|was| was.keys().any(|letter| now.contains_key(letter)));
        was.and_then(|_| had.iter().position(|(other, _)| other == grant))
    };
    let mut last = None;
    let in_order = shown.iter().take_while(|grant| {
        let at = stays(grant);
        let after = at.is_some() && at > last;
        last = at;
        after
    });
    let kept = in_order.count();
    shown.into_iter().skip(kept).filter(|grant| stays(grant).is_some()).cloned().collect()
}

/// Whether a role may pass a right on.
fn holds(have: &BTreeMap<Right, bool>, role: &str, letter: char) -> bool {
    have.iter().any(|((grant, other), option)| {
        *option && *other == letter && grant.grantee.as_deref() == Some(role)
    })
}

/// How far each role stands from the owner in the chains of grants.
fn depths(acl: &Acl, owner: Option<&str>) -> BTreeMap<String, u16> {
    let mut depths: BTreeMap<String, u16> = BTreeMap::new();
    depths.extend(owner.map(|owner| (owner.to_owned(), 0)));
    loop {
        let mut more = BTreeMap::new();
        for (grant, rights) in acl.iter() {
            let Some(grantee) = &grant.grantee else { continue };
            if let Some(depth) = depths.get(&grant.grantor)
                && !depths.contains_key(grantee)
                && rights.values().any(|option| *option)
            {
                more.insert(grantee.clone(), depth.saturating_add(1));
            }
        }
        if more.is_empty() {
            return depths;
        }
        depths.extend(more);
    }
}

fn depth(depths: &BTreeMap<String, u16>, role: &str) -> u16 {
    depths.get(role).copied().unwrap_or_default()
}

/// Takes a right away, and with it what its holder has passed on and may no longer; says whether
/// there was such.
fn take(
    have: &mut BTreeMap<Right, bool>,
    right: &Right,
    option_only: bool,
    owner: Option<&str>,
) -> bool {
    if option_only {
        if let Some(option) = have.get_mut(right) {
            *option = false;
        }
    } else {
        have.remove(right);
    }
    let Some(holder) = right.0.grantee.as_deref() else { return false };
    let letter = right.1;
    if owner == Some(holder) || holds(have, holder, letter) {
        return false;
    }
    let passed_on: Vec<Right> = have
        .keys()
        .filter(|(grant, other)| *other == letter && grant.grantor == holder)
        .cloned()
        .collect();
    for right in &passed_on {
        take(have, right, false, owner);
    }
    !passed_on.is_empty()
}

/// What is said in one statement.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    rank: u16,
    grantor: String,
    letters: BTreeSet<char>,
    option: bool,
    cascade: bool,
}

/// Rights by who gives them to whom, then the grantees of equal rights together.
#[derive(Default)]
struct Groups(BTreeMap<(u16, Grant, bool), (BTreeSet<char>, bool)>);

impl Groups {
    fn add(&mut self, rank: u16, (grant, letter): &Right, option: bool, cascade: bool) {
        let (letters, cascades) = self.0.entry((rank, grant.clone(), option)).or_default();
        letters.insert(*letter);
        *cascades |= cascade;
    }

    fn statements(self) -> BTreeMap<Group, Vec<Option<String>>> {
        let mut out = BTreeMap::<Group, Vec<Option<String>>>::new();
        for ((rank, grant, option), (letters, cascade)) in self.0 {
            let group = Group { rank, grantor: grant.grantor, letters, option, cascade };
            out.entry(group).or_default().push(grant.grantee);
        }
        out
    }
}

/// Grants in order; one joins a statement of its sort where that does not change the order in
/// which entries come into being.
#[derive(Default)]
struct Grants {
    lines: Vec<(Group, Vec<Option<String>>)>,
    /// Index of the last line that brings an entry into being.
    last: usize,
}

impl Grants {
    fn add(&mut self, grant: &Grant, rights: &Rights, mut introduces: bool) {
        for option in [false, true] {
            let letters: BTreeSet<char> =
                rights.iter().filter(|(_, o)| **o == option).map(|(letter, _)| *letter).collect();
            if letters.is_empty() {
                continue;
            }
            let grantor = grant.grantor.clone();
            let group = Group { rank: 0, grantor, letters, option, cascade: false };
            let from = if introduces { self.last } else { 0 };
            let same = self.lines.iter().skip(from).position(|(other, _)| *other == group);
            let at = same.map_or(self.lines.len(), |at| from + at);
            if same.is_none() {
                self.lines.push((group, Vec::new()));
            }
            self.lines[at].1.push(grant.grantee.clone());
            if introduces {
                self.last = at;
            }
            introduces = false;
        }
    }
}

struct Writer<'a> {
    about: About<'a>,
    known: &'static str,
    statements: Vec<String>,
    /// The role taken on, if any.
    acting: Option<String>,
}

impl Writer<'_> {
    fn grant(&mut self, group: &Group, grantees: &[Option<String>]) {
        let option = if group.option { " WITH GRANT OPTION" } else { "" };
        let text = format!("GRANT {} TO {}{option}", self.what(group), list(grantees));
        self.say(&group.grantor, &text);
    }

    fn revoke(&mut self, group: &Group, grantees: &[Option<String>]) {
        let option = if group.option { "GRANT OPTION FOR " } else { "" };
        let cascade = if group.cascade { " CASCADE" } else { "" };
        let text = format!("REVOKE {option}{} FROM {}{cascade}", self.what(group), list(grantees));
        self.say(&group.grantor, &text);
    }

    /// `SELECT, INSERT ON TABLE public.account`.
    fn what(&self, group: &Group) -> String {
        let column = self.about.on.column.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
        let on = &self.about.on.on;
        if self.known.chars().all(|letter| group.letters.contains(&letter)) {
            return format!("ALL{column} ON {on}");
        }
        let words = WORDS.iter().filter(|(letter, _)| group.letters.contains(letter));
        let words: Vec<_> = words.map(|(_, word)| format!("{word}{column}")).collect();
        format!("{} ON {on}", words.join(", "))
    }

    fn say(&mut self, grantor: &str, text: &str) {
        let owner = self.about.owner;
        self.act_as((owner.is_some() && owner != Some(grantor)).then_some(grantor));
        self.statements.push(format!("{}{text}", self.about.prefix));
    }

    /// Takes on a role: `SET ROLE`, unlike `SET SESSION AUTHORIZATION`, is open to its members too.
    fn act_as(&mut self, role: Option<&str>) {
        if self.acting.as_deref() == role {
            return;
        }
        self.statements.push(match role {
            Some(role) => format!("SET ROLE {}", ident(role)),
            None => "RESET ROLE".to_owned(),
        });
        self.acting = role.map(str::to_owned);
    }
}

/// Roles as SQL. The empty name is an owner that is not managed: whoever makes the object.
fn list(grantees: &[Option<String>]) -> String {
    let name = |role: &Option<String>| match role.as_deref() {
        None => "PUBLIC".to_owned(),
        Some("") => "CURRENT_USER".to_owned(),
        Some(role) => ident(role),
    };
    let names: Vec<_> = grantees.iter().map(name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(items: &[&str]) -> Acl {
        Acl::parse(&items.iter().map(|&i| i.to_owned()).collect::<Vec<_>>())
    }

    fn table() -> GrantTarget {
        GrantTarget { class: 'r', on: "TABLE s.t".into(), column: None }
    }

    #[track_caller]
    fn check(on: &GrantTarget, have: &[&str], want: &[&str], expected: &[&str]) {
        let about = About { on, owner: Some("o"), version: 150_000, prefix: "" };
        let (have, want) = (acl(have), acl(want));
        assert_eq!(changes(about, &have, &have, &want), expected);
    }

    #[test]
    fn few_statements() {
        check(
            &table(),
            &["o=arwdDxt/o", "a=d/o", "b=d/o"],
            &["o=arwdDxt/o", "=r/o", "a=ar/o", "b=ar/o", "c=arwdDxt/o"],
            &[
                "REVOKE DELETE ON TABLE s.t FROM a, b",
                "GRANT SELECT ON TABLE s.t TO PUBLIC",
                "GRANT SELECT, INSERT ON TABLE s.t TO a, b",
                "GRANT ALL ON TABLE s.t TO c",
            ],
        );
    }

    #[test]
    fn a_list_that_changes_is_put_in_order() {
        check(
            &table(),
            &["o=arwdDxt/o", "b=r/o", "c=r/o"],
            &["o=arwdDxt/o", "a=r/o", "b=r/o", "c=r/o"],
            &["REVOKE SELECT ON TABLE s.t FROM b, c", "GRANT SELECT ON TABLE s.t TO a, b, c"],
        );
        check(
            &table(),
            &["o=arwdDxt/o", "c=r/o", "b=r/o"],
            &["o=arwdDxt/o", "b=r/o", "c=r/o"],
            &[],
        );
    }

    #[test]
    fn the_grant_option_comes_and_goes_alone() {
        check(
            &table(),
            &["o=arwdDxt/o", "a=r*w/o"],
            &["o=arwdDxt/o", "a=rw*/o"],
            &[
                "REVOKE GRANT OPTION FOR SELECT ON TABLE s.t FROM a",
                "GRANT UPDATE ON TABLE s.t TO a WITH GRANT OPTION",
            ],
        );
    }

    #[test]
    fn owner_without_a_right_of_his_own() {
        check(&table(), &["o=arwdDxt/o"], &["o=arwdDx/o"], &["REVOKE TRIGGER ON TABLE s.t FROM o"]);
    }

    #[test]
    fn chains_are_made_from_the_owner_and_taken_down_from_the_end() {
        let chain = &["o=arwdDxt/o", "a=r*/o", "b=r*/a", "c=r/b"];
        check(
            &table(),
            &["o=arwdDxt/o"],
            chain,
            &[
                "GRANT SELECT ON TABLE s.t TO a WITH GRANT OPTION",
                "SET ROLE a",
                "GRANT SELECT ON TABLE s.t TO b WITH GRANT OPTION",
                "SET ROLE b",
                "GRANT SELECT ON TABLE s.t TO c",
                "RESET ROLE",
            ],
        );
        check(
            &table(),
            chain,
            &["o=arwdDxt/o"],
            &[
                "SET ROLE b",
                "REVOKE SELECT ON TABLE s.t FROM c",
                "SET ROLE a",
                "REVOKE SELECT ON TABLE s.t FROM b",
                "RESET ROLE",
                "REVOKE SELECT ON TABLE s.t FROM a",
            ],
        );
    }

    #[test]
    fn what_a_revoke_takes_along_is_given_again() {
        check(
            &table(),
            &["o=arwdDxt/o", "a=r*/o", "b=r/a"],
            &["o=arwdDxt/o", "z=r*/o", "a=r*/z", "b=r/a"],
            &[
                "REVOKE SELECT ON TABLE s.t FROM a CASCADE",
                "GRANT SELECT ON TABLE s.t TO z WITH GRANT OPTION",
                "SET ROLE z",
                "GRANT SELECT ON TABLE s.t TO a WITH GRANT OPTION",
                "SET ROLE a",
                "GRANT SELECT ON TABLE s.t TO b",
                "RESET ROLE",
            ],
        );
    }

    #[test]
    fn columns() {
        let on = GrantTarget { column: Some("\"E\"".into()), class: 'c', ..table() };
        check(
            &on,
            &["a=arwx/o"],
            &["b=rw/o"],
            &[
                "REVOKE ALL (\"E\") ON TABLE s.t FROM a",
                "GRANT SELECT (\"E\"), UPDATE (\"E\") ON TABLE s.t TO b",
            ],
        );
    }

    #[test]
    fn rights_of_a_newer_server_are_left_out() {
        check(&table(), &["o=arwdDxt/o"], &["o=arwdDxtm/o"], &[]);
    }

    #[test]
    fn a_new_owner_takes_the_place_of_the_old() {
        let before = acl(&["o=arwdDxt/o", "n=r*/o", "a=r/n", "=r/o"]);
        assert_eq!(with_owner(&before, "o", "n"), acl(&["n=ar*wdDxt/n", "a=r/n", "=r/n"]));
    }

    #[test]
    fn what_may_be_there_is_revoked_and_what_may_not_be_is_granted() {
        let about = About { on: &table(), owner: Some("o"), version: 150_000, prefix: "" };
        let may = acl(&["o=arwdDxt/o", "a=r/o", "b=r/o"]);
        let sure = acl(&["o=arwdDxt/o"]);
        let want = acl(&["o=arwdDxt/o", "a=r/o"]);
        assert_eq!(
            changes(about, &may, &sure, &want),
            ["REVOKE SELECT ON TABLE s.t FROM b", "GRANT SELECT ON TABLE s.t TO a"]
        );
    }
}
