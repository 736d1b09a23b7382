//! TLS to the database: what is checked about the server's certificate, and against what.
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use std::sync::Arc;
use thiserror::Error;

/// What is checked about the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing: encryption against eavesdroppers only.
    Nothing,
    /// That it leads to a trusted root.
    Signer,
    /// And that it names the host.
    SignerAndName,
}

/// Why there is nothing to check a certificate against.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The file of trusted certificates cannot be used.
    #[error("sslrootcert {path}: {why}")]
    RootCertificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The system trusts nobody.
    #[error("the system has no certificates to check the server's against: set sslrootcert")]
    NoRootCertificates,
}

/// The client side of a TLS session; `root_certificates` is a PEM file, the system's if absent.
pub fn client_config(
    check: Check,
    root_certificates: Option<String>,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions");
    if check == Check::Nothing {
        let verifier = Arc::new(AnyCertificate { provider });
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth());
    }
    let roots = match root_certificates {
        Some(path) => {
            roots_of_file(&path).map_err(|why| TlsError::RootCertificates { path, why })?
        }
        None => roots_of_system()?,
    };
    if check == Check::SignerAndName {
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    let signer = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let signer = signer.expect("there is a root certificate");
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyName { signer }))
        .with_no_client_auth())
}

fn roots_of_file(path: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        Err("there is no certificate in it".to_owned())
    } else {
        Ok(roots)
    }
}

fn roots_of_system() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        Err(TlsError::NoRootCertificates)
    } else {
        Ok(roots)
    }
}

/// Accepts whoever answers: encryption against eavesdroppers only, as `require` promises.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Checks who signed the certificate, and accepts any name in it.
#[derive(Debug)]
struct AnyName {
    signer: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        // The name is looked at last: where it is the complaint, the chain has been accepted.
        match self
            .signer
            .verify_server_cert(certificate, intermediates, name, ocsp, now)
        {
            Err(rustls::Error::InvalidCertificate(
                NotValidForName | NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signer
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signer
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signer.supported_verify_schemes()
    }
}
