//! psql splits the same scripts: it runs them against a stand-in for a server that only writes down
//! what it is sent.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use limbeck::pg::{
    lex::{Lexer, TokenKind},
    split, statement,
};

/// A statement and the data sent for it.
type Sent = (String, Option<String>);

#[test]
fn generated_scripts() {
    let mut scripts = String::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..6_000 {
        let script = random_script(&mut state);
        if split::split(&script).is_ok() && !continues_escapes(&script) {
            scripts.push_str(&script);
        }
    }
    assert!(scripts.len() > 100_000);
    compare("generated", &scripts);
}

#[test]
fn written_scripts() {
    compare("functions", include_str!("psql/functions.sql"));
    compare("copy", include_str!("psql/copy.sql"));
    compare("quotes", include_str!("psql/quotes.sql"));
}

/// `LIMBECK_TEST_SCRIPTS` names a folder of more scripts, PostgreSQL's regression suite for one.
/// Those that use psql's commands are left out.
#[test]
fn scripts_of_a_folder() {
    let Some(folder) = std::env::var_os("LIMBECK_TEST_SCRIPTS") else { return };
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql")
                && let Ok(text) = std::fs::read_to_string(&path)
                && split::split(&text).is_ok()
            {
                compare(&path.display().to_string(), &text);
            }
        }
    }
}

/// A few fragments in a row, closed by a semicolon.
fn random_script(state: &mut u64) -> String {
    let fragments = [
        "select 1",
        ";",
        ";\n",
        "\n",
        " ",
        "'a;b'",
        "'it''s'",
        "'\\'",
        "E'\\';'",
        "e'a\\\\'",
        "'a'\n'\\;'",
        "E'a' '\\'",
        "U&'\\00e9;'",
        "B'01'",
        "X'1f'",
        "n'x;'",
        "$$;$$",
        "$a$ ; $$ $a$",
        "$é$;'$é$",
        "$1",
        "a$b$c",
        "\"a;\"\"b\"",
        "U&\"d;\"",
        "/* ; */",
        "/* /* ; */ ' */",
        "-- ; '\n",
        "(",
        ")",
        "(select 1;)",
        "[",
        "]",
        "create function f()",
        "create or replace procedure p()",
        "begin atomic ",
        "case",
        "end",
        "insert into t values (1)",
        "begin",
        "commit",
        "a +-- ;\n 1",
        "a */* ; */ 1",
        "1.5e3",
        "1..2",
        ".5",
        "::text",
        ":=",
        "->>'x'",
        "é",
        "größe",
        "as $$ begin; end $$",
        "create rule r as on insert to t do (select 1; select 2)",
        ":name ",
        ":'a;b'",
        "copy t from stdin;\n1\t';\n(\n\\.\n",
        "COPY t (a) FROM STDIN WITH (format csv);\n\"a;\n\\.\n",
        "copy t from 'stdin'",
        "copy t to stdout",
    ];
    let mut next = |bound: usize| {
        // xorshift64
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state % bound as u64) as usize
    };
    let mut script = String::new();
    for _ in 0..=next(9) {
        script.push_str(fragments[next(fragments.len())]);
        script.push_str(["", " ", " ", "\n"][next(4)]);
    }
    // psql takes any BEGIN of a routine for a body; ours wants ATOMIC. Elsewhere they agree.
    let script = script.replace("begin atomic ", "BEGIN_ATOMIC").replace("begin", "select");
    format!("{}\n;\n", script.replace("BEGIN_ATOMIC", "begin atomic "))
}

/// Tells whether an `E''` literal goes on after a line end. The server then reads escapes in what
/// follows; psql, which reads line by line, does not.
fn continues_escapes(script: &str) -> bool {
    let mut before = "";
    let mut newline = false;
    for token in Lexer::new(script) {
        let text = token.text(script);
        match token.kind {
            TokenKind::Space => newline |= text.contains('\n'),
            TokenKind::LineComment => {}
            TokenKind::String if newline && before.starts_with(['e', 'E']) => return true,
            _ => (before, newline) = (text, false),
        }
    }
    false
}

fn compare(name: &str, script: &str) {
    let Some(theirs) = as_psql_sends(script) else {
        skipped("there is no psql to compare with");
        return;
    };
    let normal = |sql: &str| statement::semantic_text(sql);
    let ours: Vec<Sent> = split::split(script)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .into_iter()
        .map(|one| {
            (script[one.range].to_owned(), one.copy_data.map(|data| script[data].to_owned()))
        })
        .collect();
    let theirs: Vec<Sent> = theirs.into_iter().filter(|(sql, _)| !normal(sql).is_empty()).collect();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(normal(&ours.0), normal(&theirs.0), "{name}");
        assert_eq!(ours.1.as_deref(), theirs.1.as_deref(), "{name}: data of {}", ours.0);
    }
    assert_eq!(ours.len(), theirs.len(), "{name}");
}

#[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// What psql sends for a script; none without psql.
fn as_psql_sends(script: &str) -> Option<Vec<Sent>> {
    Command::new("psql").arg("--version").stdout(Stdio::null()).status().ok()?;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let recorder = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("psql connects");
        record(stream)
    });
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(script.as_bytes()).expect("it can be written");
    let output = Command::new("psql")
        .args(["-X", "-q", "-h", "127.0.0.1", "-U", "nobody", "-d", "none", "-p"])
        .arg(port.to_string())
        .arg("-f")
        .arg(file.path())
        .env("PGSSLMODE", "disable")
        .env("PGCLIENTENCODING", "UTF8")
        .output()
        .expect("psql runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(recorder.join().expect("the recorder does not panic"))
}

/// Plays a server that finds every query empty (manual, "Frontend/Backend Protocol").
fn record(mut stream: TcpStream) -> Vec<Sent> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("psql says hello");
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut startup).expect("psql says hello");
    let mut reply = message(b'R', &0_u32.to_be_bytes());
    for (name, value) in [
        ("server_version", "15.0"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
    ] {
        reply.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    reply.extend(message(b'Z', b"I"));
    stream.write_all(&reply).expect("psql listens");
    let mut sent: Vec<Sent> = Vec::new();
    loop {
        let mut head = [0; 5];
        if stream.read_exact(&mut head).is_err() {
            return sent;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("the message is whole");
        let reply = match head[0] {
            b'Q' => {
                body.pop();
                let sql = String::from_utf8(body).expect("the script is UTF-8");
                let words = statement::semantic_text(&sql);
                let copies = words.split_once(" from ").is_some_and(|(head, source)| {
                    head.starts_with("copy ")
                        && !head.contains(" to ")
                        && source.starts_with("stdin")
                });
                sent.push((sql, copies.then(String::new)));
                if copies {
                    // Text format, no columns.
                    message(b'G', &[0, 0, 0])
                } else {
                    [message(b'I', b""), message(b'Z', b"I")].concat()
                }
            }
            b'd' => {
                let data = sent.last_mut().and_then(|(_, data)| data.as_mut());
                let data = data.expect("data comes after COPY");
                data.push_str(&String::from_utf8(body).expect("the script is UTF-8"));
                continue;
            }
            b'c' => {
                // Before version 18 psql sends the closing line, too.
                if let Some((_, Some(data))) = sent.last_mut()
                    && let Some(end) = data.strip_suffix("\\.\n").map(str::len)
                {
                    data.truncate(end);
                }
                [message(b'C', b"COPY 0\0"), message(b'Z', b"I")].concat()
            }
            b'X' => return sent,
            other => panic!("psql sent a message of type {}", char::from(other)),
        };
        stream.write_all(&reply).expect("psql listens");
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}
