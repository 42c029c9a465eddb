//! Asking a server whether it accepts connections, as `pg_isready` does: a start-up packet, the
//! first byte of the answer, and good-bye. No password is sent and no session begins.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use crate::config::Connection;

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Sessions can begin, given the right password.
    Accepting,
    /// A server that is starting, stopping or recovering (SQLSTATE 57P03).
    NotYet,
    /// Nothing is listening, or it does not talk; with the reason.
    Nothing(String),
}

/// Probes each host of a connection in turn until one accepts.
pub(super) async fn connection(connection: &Connection, limit: Duration) -> Answer {
    let mut last = Answer::Nothing("no host is set".into());
    for (i, host) in connection.hosts.iter().enumerate() {
        let port = connection.port(i);
        match address(host, port, &connection.user, &connection.database, limit).await {
            Answer::Accepting => return Answer::Accepting,
            other => last = other,
        }
    }
    last
}

/// Probes one host or socket folder.
pub(super) async fn address(
    host: &str,
    port: u16,
    user: &str,
    database: &str,
    limit: Duration,
) -> Answer {
    let packet = packet(user, database);
    let talk = async {
        if host.starts_with('/') {
            let path = Path::new(host).join(format!(".s.PGSQL.{port}"));
            ask(UnixStream::connect(path).await?, &packet).await
        } else {
            ask(TcpStream::connect((host, port)).await?, &packet).await
        }
    };
    match tokio::time::timeout(limit, talk).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Nothing(error.to_string()),
        Err(_) => Answer::Nothing(format!("no answer in {} s", limit.as_secs_f32())),
    }
}

/// A start-up packet of protocol 3.0.
fn packet(user: &str, database: &str) -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for (name, value) in [("user", user), ("database", database)] {
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend(value.bytes().filter(|b| *b != 0));
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut packet = length.to_be_bytes().to_vec();
    packet.append(&mut body);
    packet
}

async fn ask<S>(mut stream: S, packet: &[u8]) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(packet).await?;
    let mut head = [0_u8; 5];
    stream.read_exact(&mut head).await?;
    let answer = match head[0] {
        b'R' => Answer::Accepting,
        b'E' => {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut fields = Vec::new();
            (&mut stream)
                .take(u64::from(length.saturating_sub(4).min(16_384)))
                .read_to_end(&mut fields)
                .await?;
            let not_yet = fields.split(|b| *b == 0).any(|field| field == b"C57P03");
            // Any other refusal (unknown role, TLS wanted) comes from a server that works.
            if not_yet { Answer::NotYet } else { Answer::Accepting }
        }
        _ => Answer::Nothing("it does not speak PostgreSQL's protocol".into()),
    };
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer_of(reply: &'static [u8]) -> Answer {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let (answer, ()) = tokio::join!(ask(ours, b"hello"), async {
            let mut got = [0; 5];
            theirs.read_exact(&mut got).await.unwrap();
            theirs.write_all(reply).await.unwrap();
        });
        answer.unwrap()
    }

    #[tokio::test]
    async fn tells_ready_from_starting_from_strangers() {
        assert_eq!(answer_of(b"R\0\0\0\x08\0\0\0\x0a").await, Answer::Accepting);
        assert_eq!(answer_of(b"E\0\0\0\x13SFATAL\0C57P03\0\0").await, Answer::NotYet);
        assert_eq!(answer_of(b"E\0\0\0\x13SFATAL\0C28000\0\0").await, Answer::Accepting);
        assert!(matches!(answer_of(b"HTTP/1.1 400").await, Answer::Nothing(_)));
    }

    #[test]
    fn the_packet_counts_itself() {
        let packet = packet("ann", "shop");
        assert_eq!(packet[..4], u32::try_from(packet.len()).unwrap().to_be_bytes());
        assert!(packet.ends_with(b"database\0shop\0\0"));
    }
}
