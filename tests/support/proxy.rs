//! A network that breaks on demand: a TCP proxy that knows PostgreSQL's messages.
//!
//! It passes everything on until a client's message fits what it was armed with; then it does what it
//! was told to, once.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use limbeck::config::Connection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};

/// Which message of a client the fault strikes at.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// The n-th (from 1) of the first connection, logins not counted.
    Message(usize),
    /// The first that contains these words.
    Words(&'static str),
    /// The n-th (from 1) that contains these words.
    Nth(usize, &'static str),
}

/// Where the message is when the fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It never reaches the server.
    Before,
    /// It is on its way; nobody waits for the answer.
    During,
    /// The server has answered; the answer never arrives.
    After,
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Both ends are closed.
    Cut(When),
    /// The client gets a reset, the message is lost.
    Reset,
    /// Nothing passes any more, in either direction, until the client closes: a client that hangs.
    Hang(When),
    /// The same, and the server does not hear of the client's end either: a client whose machine is gone.
    Vanish(When),
    /// The message waits this long, then all goes on.
    Delay(Duration),
}

#[derive(Debug, Default)]
struct Shared {
    armed: Mutex<Option<(At, Fault)>>,
    connections: AtomicUsize,
    messages: AtomicUsize,
    refusing: AtomicBool,
    /// Ends what is open.
    cut: Notify,
}

/// The proxy; what passes through it ends with this value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    fired: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy before a server.
    pub async fn before(host: &str, port: u16) -> Self {
        Self::listening("127.0.0.1", host, port).await
    }

    /// The same, listening on another address.
    pub async fn listening(on: &str, host: &str, port: u16) -> Self {
        let listener = TcpListener::bind((on, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let (fire, fired) = watch::channel(false);
        let (server, state) = (format!("{host}:{port}"), shared.clone());
        let task = tokio::spawn(async move {
            let fire = Arc::new(fire);
            let mut wires = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if state.refusing.load(Ordering::SeqCst) {
                    continue;
                }
                let number = state.connections.fetch_add(1, Ordering::SeqCst);
                let wire = Wire { shared: state.clone(), fire: fire.clone(), number };
                let server = server.clone();
                wires.spawn(async move {
                    let shared = wire.shared.clone();
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        () = shared.cut.notified() => {}
                        () = wire.run(client, server) => {}
                    }
                });
            }
        });
        Self { address, shared, fired, task }
    }

    /// Makes the fault strike at the next message that fits.
    pub fn arm(&self, at: At, fault: Fault) {
        *self.shared.armed.lock().expect("nobody panics") = Some((at, fault));
    }

    /// Whether the fault has struck.
    pub fn struck(&self) -> bool {
        *self.fired.borrow()
    }

    /// Waits until it has.
    pub async fn strikes(&self) {
        let mut fired = self.fired.clone();
        fired.wait_for(|fired| *fired).await.expect("the proxy runs");
    }

    /// New connections are closed at once, as by a server that is gone; or not any more.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refusing.store(refuse, Ordering::SeqCst);
    }

    /// Closes everything that is open.
    pub fn cut(&self) {
        self.shared.cut.notify_waiters();
    }

    /// Messages of the first connection so far.
    pub fn messages(&self) -> usize {
        self.shared.messages.load(Ordering::SeqCst)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The way to the same database through here.
    pub fn instead_of(&self, direct: &Connection) -> Connection {
        let ip = self.address.ip();
        Connection {
            hosts: vec![ip.to_string()],
            hostaddrs: vec![Some(ip)],
            ports: vec![self.port()],
            ..direct.clone()
        }
    }
}

/// A task that ends with this value.
struct Ended<T>(JoinHandle<T>);

impl<T> Drop for Ended<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One connection.
struct Wire {
    shared: Arc<Shared>,
    fire: Arc<watch::Sender<bool>>,
    number: usize,
}

impl Wire {
    async fn run(self, client: TcpStream, server: TcpStream) {
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let quiet = Arc::new(AtomicBool::new(false));
        let hush = quiet.clone();
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let (answered, mut answer) = watch::channel(0_usize);
        // The way back: what comes after the silence began is only noticed.
        let mut back = Ended(tokio::spawn(async move {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let n = tokio::select! {
                    read = from_server.read(&mut buffer) => match read {
                        Ok(n @ 1..) => n,
                        _ => break,
                    },
                    () = stopped.notified() => break,
                };
                if hush.load(Ordering::SeqCst) {
                    answered.send_modify(|count| *count += 1);
                } else if to_client.write_all(&buffer[..n]).await.is_err() {
                    break;
                }
            }
            to_client
        }));
        let fault = tokio::select! {
            fault = self.forth(&mut from_client, &mut to_server, &quiet, &mut answer) => fault,
            // The server has closed: so has the client's side, with what was said before.
            _ = &mut back.0 => return,
        };
        match fault {
            None | Some(Fault::Cut(_) | Fault::Delay(_)) => {}
            Some(Fault::Reset) => {
                stop.notify_one();
                if let Ok(to_client) = (&mut back.0).await {
                    // Not to say goodbye first.
                    to_client.forget();
                }
                let stream: &TcpStream = from_client.as_ref();
                let _ = stream.set_zero_linger();
            }
            Some(Fault::Hang(_)) => drained(&mut from_client).await,
            Some(Fault::Vanish(_)) => {
                drained(&mut from_client).await;
                std::future::pending::<()>().await;
            }
        }
    }

    /// Passes messages on until the client is gone (none) or the fault strikes.
    async fn forth(
        &self,
        from_client: &mut tcp::OwnedReadHalf,
        to_server: &mut tcp::OwnedWriteHalf,
        quiet: &AtomicBool,
        answer: &mut watch::Receiver<usize>,
    ) -> Option<Fault> {
        // The startup message (or a cancel request) has no kind.
        let startup = message(from_client, false).await?;
        to_server.write_all(&startup).await.ok()?;
        loop {
            let message = message(from_client, true).await?;
            let Some(fault) = self.strike(&message) else {
                to_server.write_all(&message).await.ok()?;
                continue;
            };
            if let Fault::Delay(time) = fault {
                self.fire.send_replace(true);
                tokio::time::sleep(time).await;
                to_server.write_all(&message).await.ok()?;
                continue;
            }
            quiet.store(true, Ordering::SeqCst);
            let when = match fault {
                Fault::Cut(when) | Fault::Hang(when) | Fault::Vanish(when) => when,
                _ => When::Before,
            };
            if when != When::Before {
                let before = *answer.borrow();
                to_server.write_all(&message).await.ok()?;
                if when == When::After {
                    let _ = answer.wait_for(|count| *count > before).await;
                }
            }
            self.fire.send_replace(true);
            return Some(fault);
        }
    }

    /// The fault, when it is this message's turn.
    fn strike(&self, message: &[u8]) -> Option<Fault> {
        let login = message[0] == b'p';
        let count = match self.number == 0 && !login {
            true => self.shared.messages.fetch_add(1, Ordering::SeqCst) + 1,
            false => 0,
        };
        let mut armed = self.shared.armed.lock().expect("nobody panics");
        let (at, fault) = (*armed)?;
        let says = |words: &str| message.windows(words.len()).any(|part| part == words.as_bytes());
        let fits = match at {
            At::Message(n) => n == count,
            At::Words(words) | At::Nth(..=1, words) => says(words),
            At::Nth(n, words) => {
                if says(words) {
                    *armed = Some((At::Nth(n - 1, words), fault));
                }
                false
            }
        };
        if fits {
            *armed = None;
        }
        fits.then_some(fault)
    }
}

/// Reads one whole message; none at the end.
async fn message(from: &mut tcp::OwnedReadHalf, kind: bool) -> Option<Vec<u8>> {
    let head = if kind { 5 } else { 4 };
    let mut bytes = vec![0; head];
    from.read_exact(&mut bytes).await.ok()?;
    let length = u32::from_be_bytes(bytes[head - 4..].try_into().ok()?) as usize;
    bytes.resize(head - 4 + length, 0);
    from.read_exact(&mut bytes[head..]).await.ok()?;
    Some(bytes)
}

/// Reads until the client closes.
async fn drained(from: &mut tcp::OwnedReadHalf) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(1..) = from.read(&mut buffer).await {}
}
