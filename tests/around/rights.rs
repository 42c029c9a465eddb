//! Owners and rights.

use limbeck::catalog::filter::Filter;

use super::kit::{check, check_filtered};

const ROLES: &str = "CREATE ROLE \"a{}\"; CREATE ROLE \"b{}\"; CREATE ROLE \"c{}\";";

/// Both scripts after the roles were made.
async fn with_roles(old: &str, new: &str) -> super::kit::Plans {
    check(&format!("{ROLES}{old}"), new).await
}

#[tokio::test]
async fn default_privileges_come_and_go() {
    with_roles(
        "ALTER DEFAULT PRIVILEGES FOR ROLE \"a{}\" GRANT SELECT ON TABLES TO \"b{}\";
         ALTER DEFAULT PRIVILEGES FOR ROLE \"a{}\" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
         ALTER DEFAULT PRIVILEGES FOR ROLE \"a{}\" REVOKE INSERT ON TABLES FROM \"a{}\"",
        "CREATE SCHEMA s;
         ALTER DEFAULT PRIVILEGES FOR ROLE \"a{}\" GRANT SELECT, INSERT ON TABLES TO \"b{}\" WITH GRANT OPTION;
         ALTER DEFAULT PRIVILEGES FOR ROLE \"a{}\" GRANT USAGE ON SCHEMAS TO \"c{}\";
         ALTER DEFAULT PRIVILEGES FOR ROLE \"a{}\" IN SCHEMA s GRANT ALL ON SEQUENCES TO \"c{}\", PUBLIC;
         ALTER DEFAULT PRIVILEGES FOR ROLE \"b{}\" IN SCHEMA s GRANT ALL ON TABLES TO \"c{}\"",
    )
    .await;
}

#[tokio::test]
async fn new_objects_under_default_privileges_have_what_the_target_says() {
    let defaults = "CREATE SCHEMA s;
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO \"a{}\";
         ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TABLES TO \"b{}\";
         ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;
         ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO \"a{}\";";
    with_roles(
        defaults,
        &format!(
            "CREATE SCHEMA n; CREATE SCHEMA m; GRANT USAGE ON SCHEMA m TO \"c{{}}\";
             CREATE SCHEMA s; CREATE TABLE s.t (a int, b int); GRANT SELECT ON s.t TO \"b{{}}\";
             CREATE TABLE t (a int); ALTER TABLE t OWNER TO \"a{{}}\"; {}",
            defaults.trim_start_matches("CREATE SCHEMA s;")
        ),
    )
    .await;
}

#[tokio::test]
async fn grants_change() {
    with_roles(
        "CREATE TABLE t (a int, b int, c int); GRANT SELECT, UPDATE ON t TO \"a{}\", \"b{}\";
         GRANT SELECT (a, b), INSERT (c) ON t TO \"a{}\";
         CREATE TABLE u (a int); GRANT SELECT ON u TO \"a{}\" WITH GRANT OPTION;
         SET ROLE \"a{}\"; GRANT SELECT ON u TO \"b{}\" WITH GRANT OPTION; RESET ROLE;
         CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO \"b{}\"",
        "CREATE TABLE t (a int, b int, c int); GRANT UPDATE, DELETE ON t TO \"a{}\";
         GRANT SELECT (a), INSERT (c) ON t TO \"a{}\"; REVOKE TRUNCATE ON t FROM CURRENT_USER;
         CREATE TABLE u (a int); GRANT SELECT ON u TO \"b{}\" WITH GRANT OPTION;
         SET ROLE \"b{}\"; GRANT SELECT ON u TO \"a{}\" WITH GRANT OPTION;
         SET ROLE \"a{}\"; GRANT SELECT ON u TO \"c{}\"; RESET ROLE;
         CREATE SCHEMA s; ALTER SCHEMA s OWNER TO \"b{}\"; GRANT USAGE ON SCHEMA s TO PUBLIC",
    )
    .await;
}

#[tokio::test]
async fn a_new_list_stands_in_the_order_of_the_target() {
    let plans = with_roles(
        "",
        "CREATE TABLE t (a int); GRANT SELECT ON t TO \"c{}\"; GRANT INSERT ON t TO \"b{}\";
         GRANT SELECT ON t TO \"a{}\", PUBLIC",
    )
    .await;
    let grants: Vec<_> = plans.up.iter().filter(|s| s.starts_with("GRANT")).collect();
    assert_eq!(
        grants,
        [
            "GRANT SELECT ON TABLE public.t TO c{}",
            "GRANT INSERT ON TABLE public.t TO b{}",
            "GRANT SELECT ON TABLE public.t TO a{}, PUBLIC",
        ]
    );
}

#[tokio::test]
async fn owners_change_with_what_they_granted() {
    with_roles(
        "CREATE TABLE t (a int, b int); ALTER TABLE t OWNER TO \"a{}\";
         GRANT SELECT ON t TO \"b{}\"; GRANT UPDATE (b) ON t TO \"b{}\", \"c{}\"",
        "CREATE TABLE t (a int, b int); ALTER TABLE t OWNER TO \"b{}\";
         GRANT SELECT ON t TO \"a{}\"; GRANT UPDATE (b) ON t TO \"a{}\", \"c{}\"",
    )
    .await;
}

#[tokio::test]
async fn rights_on_installed_objects() {
    with_roles(
        "CREATE EXTENSION hstore; REVOKE EXECUTE ON FUNCTION hstore(text, text) FROM PUBLIC;
         GRANT EXECUTE ON FUNCTION hstore(text, text) TO \"a{}\";
         GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO \"a{}\";
         GRANT SELECT (rolpassword) ON pg_authid TO \"a{}\"; REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
        "CREATE EXTENSION hstore; GRANT EXECUTE ON FUNCTION hstore(text, text) TO \"b{}\";
         REVOKE USAGE ON TYPE hstore FROM PUBLIC",
    )
    .await;
    with_roles(
        "CREATE EXTENSION hstore; REVOKE EXECUTE ON FUNCTION hstore(text, text) FROM PUBLIC",
        "",
    )
    .await;
}

#[tokio::test]
async fn the_schema_public() {
    with_roles(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO \"a{}\"",
        "DROP SCHEMA public",
    )
    .await;
    with_roles("COMMENT ON SCHEMA public IS NULL", "ALTER SCHEMA public OWNER TO \"b{}\"").await;
}

#[tokio::test]
async fn rights_without_owners() {
    let filter = Filter { owners: false, ..Filter::default() };
    let plan = check_filtered(
        &filter,
        &format!(
            "{ROLES} CREATE TABLE t (a int); ALTER TABLE t OWNER TO \"a{{}}\";
             CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        ),
        "CREATE TABLE t (a int); GRANT SELECT ON t TO \"b{}\"; GRANT INSERT (a) ON t TO \"b{}\";
         REVOKE DELETE ON t FROM CURRENT_USER; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
         ALTER FUNCTION f() OWNER TO \"b{}\"; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';
         ALTER FUNCTION g() OWNER TO \"b{}\"; REVOKE ALL ON FUNCTION g() FROM PUBLIC",
    )
    .await;
    assert!(!plan.iter().any(|sql| sql.contains("OWNER")), "{plan:#?}");
}

#[tokio::test]
async fn owners_without_rights() {
    let filter = Filter { grants: false, ..Filter::default() };
    let plan = check_filtered(
        &filter,
        &format!("{ROLES} CREATE TABLE t (a int); GRANT SELECT ON t TO \"a{{}}\""),
        "CREATE TABLE t (a int); ALTER TABLE t OWNER TO \"b{}\";
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO \"a{}\"",
    )
    .await;
    assert_eq!(plan, ["ALTER TABLE public.t OWNER TO b{}"]);
}
