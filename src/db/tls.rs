//! TLS by rustls, with libpq's meaning of `sslmode`.
//!
//! libpq checks a certificate in two independent steps, the chain and the host name, and
//! `verify-ca` takes only the first; rustls' own verifier takes both, hence one of our own.

use std::{path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
    server::ParsedCertificate,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ConnectError;
use crate::{
    code::Code,
    config::{Connection, SslMode},
};

/// How to speak TLS with one target; cheap to clone.
#[derive(Clone)]
pub(super) struct Tls(Option<MakeRustlsConnect>);

impl Tls {
    /// Reads the certificates that the mode needs.
    pub(super) fn new(connection: &Connection) -> Result<Self, ConnectError> {
        if connection.sslmode == SslMode::Disable {
            return Ok(Self(None));
        }
        client_config(connection).map(|config| Self(Some(MakeRustlsConnect::new(config))))
    }

    /// The connector, unless the mode is `disable`.
    pub(super) fn maker(&self) -> Option<&MakeRustlsConnect> {
        self.0.as_ref()
    }
}

fn error(message: String, hint: &str) -> ConnectError {
    ConnectError { code: Code::Tls, message, hint: Some(hint.to_owned()), source: None }
}

fn client_config(connection: &Connection) -> Result<ClientConfig, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        trust: trust(connection)?,
        check_name: connection.sslmode == SslMode::VerifyFull,
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| error(format!("TLS cannot be set up: {e}"), "this is a bug in limbeck"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match (&connection.sslcert, &connection.sslkey) {
        (Some(cert), Some(key)) => {
            let chain = certificates(cert, "sslcert")?;
            let key = private_key(key)?;
            builder.with_client_auth_cert(chain, key).map_err(|e| {
                error(
                    format!("the client certificate `{}` cannot be used: {e}", cert.display()),
                    "check that `sslcert` and `sslkey` belong together",
                )
            })?
        }
        (Some(cert), None) => {
            return Err(error(
                format!("the client certificate `{}` has no key", cert.display()),
                "set `sslkey` to the file of its private key",
            ));
        }
        _ => builder.with_no_client_auth(),
    };
    if connection.ssl_direct {
        // Required by PostgreSQL 17 and later when TLS starts without its own request.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

/// Whom to believe.
#[derive(Debug)]
enum Trust {
    /// Anybody: the mode encrypts and does not authenticate.
    Anybody,
    /// These authorities, and the certificates themselves, as OpenSSL has it.
    These { roots: RootCertStore, certificates: Vec<CertificateDer<'static>> },
}

fn trust(connection: &Connection) -> Result<Trust, ConnectError> {
    let checks = matches!(connection.sslmode, SslMode::VerifyCa | SslMode::VerifyFull);
    match connection.sslrootcert.as_deref() {
        // Falling back to plain text for want of trust would be worse than not asking for it.
        _ if matches!(connection.sslmode, SslMode::Allow | SslMode::Prefer) => Ok(Trust::Anybody),
        None if !checks => Ok(Trust::Anybody),
        None | Some("system") => {
            let found = rustls_native_certs::load_native_certs();
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(error(
                    format!("there are no trusted certificates to check {connection} with"),
                    "install `ca-certificates`, or set `sslrootcert` to the server's CA file",
                ));
            }
            Ok(Trust::These { roots, certificates: Vec::new() })
        }
        Some(file) => {
            let certificates = certificates(Path::new(file), "sslrootcert")?;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates.iter().cloned());
            Ok(Trust::These { roots, certificates })
        }
    }
}

fn certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(error(
            format!("`{}` holds no certificate", path.display()),
            &format!("set `{setting}` to a file in PEM form"),
        )),
        Err(e) => Err(error(
            format!("the certificate file `{}` cannot be read: {}", path.display(), reason(&e)),
            &format!("set `{setting}` to a readable file in PEM form"),
        )),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    refuse_open_key(path)?;
    PrivateKeyDer::from_pem_file(path).map_err(|e| match e {
        pem::Error::NoItemsFound => error(
            format!("`{}` holds no usable private key", path.display()),
            "the key must be in PEM form and not encrypted",
        ),
        other => error(
            format!("the key file `{}` cannot be read: {}", path.display(), reason(&other)),
            "set `sslkey` to a readable file in PEM form",
        ),
    })
}

/// The parser's error without the text it met, which may be part of a key.
fn reason(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(io) => io.to_string(),
        _ => "it is not in PEM form".to_owned(),
    }
}

/// As libpq: a key that others can read is not used (root's may be read by its group).
#[cfg(unix)]
fn refuse_open_key(path: &Path) -> Result<(), ConnectError> {
    use std::os::unix::fs::MetadataExt;
    let Ok(meta) = std::fs::metadata(path) else { return Ok(()) };
    let open = if meta.uid() == 0 { 0o037 } else { 0o077 };
    if meta.mode() & open == 0 {
        return Ok(());
    }
    Err(error(
        format!("the key file `{}` can be read by others", path.display()),
        &format!("run `chmod 600 {}`", path.display()),
    ))
}

#[cfg(not(unix))]
fn refuse_open_key(_path: &Path) -> Result<(), ConnectError> {
    Ok(())
}

/// Checks chain and name as far as the mode asks, and the handshake's signatures always: channel
/// binding rests on them.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    check_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Trust::These { roots, certificates } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        // A self-signed certificate named as root is its own chain, which webpki does not follow.
        if !certificates.iter().any(|root| root == end_entity) {
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        if self.check_name {
            verify_server_name(&parsed, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What a TLS error means, as the end of a sentence and a hint.
pub(super) fn explain(error: &rustls::Error) -> (String, Option<&'static str>) {
    const UNTRUSTED: &str = "set `sslrootcert` to the CA file of the server; `sslmode=require` encrypts without checking";
    const OTHER_NAME: &str =
        "connect by a name in the certificate (its subjectAltName), or use `sslmode=verify-ca`";
    const CLIENT: &str = "set `sslcert` and `sslkey` to a client certificate the server accepts";
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => {
                ("its certificate is not signed by a trusted authority".to_owned(), Some(UNTRUSTED))
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ("its certificate is for another host".to_owned(), Some(OTHER_NAME))
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("its certificate has expired".to_owned(), Some("renew the server's certificate"))
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "its certificate is not valid yet".to_owned(),
                Some("check the clocks of both machines"),
            ),
            other => (format!("its certificate is not valid: {other}"), Some(UNTRUSTED)),
        },
        rustls::Error::AlertReceived(alert) => {
            let alert = format!("{alert:?}");
            let hint = alert.contains("Certificate") || alert.contains("UnknownCA");
            (format!("the server ended the TLS handshake ({alert})"), hint.then_some(CLIENT))
        }
        other => (format!("TLS failed: {other}"), None),
    }
}
