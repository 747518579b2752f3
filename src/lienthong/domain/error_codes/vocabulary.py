"""Every word of the X-Road error vocabulary in both spellings: CamelCase is documented, snake form came with 7.8.

The pairs are not all a mere change of case. A full code is prefix.word or prefix.word.word, for example
``Server.ServerProxy.ServiceFailed.HttpError``.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Word(NamedTuple):
    """One word. `documented` is None where only 7.8 has it; `nearest` is then the documented word to say instead."""

    documented: str | None
    snake: str
    nearest: str | None = None

    @property
    def camel(self) -> str:
        """What is said in the documented style."""
        return self.documented or self.nearest or "InternalError"


PREFIXES: Final[tuple[Word, ...]] = (
    Word("Server.ServerProxy", "server.serverproxy"),
    Word("Server.ClientProxy", "server.clientproxy"),
    Word("Server.ServerProxy.OpMonitor", "server.serverproxy.opmonitor"),
    Word("Client", "client"),
    Word("Signer", "signer"),
)

_TRANSPORT = """
    IOError io_error
    NetworkError network_error
    InternalError internal_error
    BadRequest bad_request
    NotFound not_found
    HttpError http_error
    DatabaseError database_error
    InvalidRequest invalid_request
    SslAuthenticationFailed ssl_authentication_failed
    LoggingFailed logging_failed
    TimestampingFailed timestamping_failed
"""

_SIGNATURES = """
    CannotCreateSignature cannot_create_signature
    CertValidation cert_validation
    IncorrectValidationInfo incorrect_validation_info
    CannotCreateCertPath cannot_create_cert_path
    IncorrectCertificate incorrect_certificate
    InvalidSignatureValue invalid_signature_value
    MalformedSignature malformed_signature
    InvalidXml invalid_xml
    InvalidReference invalid_reference
    InvalidCertPath invalid_cert_path
    SignatureVerification signature_verification
    InvalidHashChain invalid_hash_chain
    MalformedHashChain malformed_hash_chain
    HashChainUnusedInputs hashchain_unused_inputs
    InvalidHashChainRef invalid_hash_chain_ref
    MissingSignature missing_signature
"""

_MESSAGES = """
    InvalidContentType invalid_content_type
    InvalidSoapAction invalid_soap_action
    InvalidHttpMethod invalid_http_method
    InvalidMessage invalid_message
    InvalidSecurityServer invalid_security_server
    MimeParsingFailed mime_parsing_failed
    MissingHeader missing_header
    MissingHeaderField missing_header_field
    DuplicateHeaderField duplicate_header_field
    MissingBody missing_body
    InvalidBody invalid_body
    InconsistentHeaders inconsistent_headers
    InconsistentResponse inconsistent_response
    MissingSoap missing_soap
    InvalidSoap invalid_soap
    MissingRest missing_rest
    InvalidProtocolVersion invalid_protocol_version
    InvalidClientIdentifier invalid_client_identifier
    ClientProxyVersionNotSupported client_proxy_version_not_supported
"""

_SERVICES = """
    AccessDenied access_denied
    ServiceDisabled service_disabled
    ServiceFailed service_failed
    UnknownService unknown_service
    ServiceType service_type
    UnknownMember unknown_member
    ServiceMissingUrl service_missing_url
    ServiceMalformedUrl service_malformed_url
    MaintenanceMode maintenance_mode
"""

_CONFIGURATION = """
    MalformedServerConf malformed_server_conf
    MalformedGlobalConf malformed_global_conf
    MalformedOptionalPartsConf malformed_optional_parts_conf
    OutdatedGlobalConf global_conf_outdated
"""

_CONTAINERS = """
    AsicMimeTypeNotFound asic_mime_type_not_found
    AsicSignatureNotFound asic_signature_not_found
    AsicMessageNotFound asic_message_not_found
    AsicInvalidMimeType asic_invalid_mime_type
    AsicHashChainResultNotFound asic_hash_chain_result_not_found
    AsicHashChainNotFound asic_hash_chain_not_found
    AsicTimestampNotFound asic_timestamp_not_found
    AsicManifestNotFound asic_manifest_not_found
"""

_KEYS = """
    HSMNonOperational hsm_non_operational
    KeyNotFound key_not_found
    CertNotFound cert_not_found
    CsrNotFound csr_not_found
    TokenNotFound token_not_found
    TokenNotActive token_not_active
    TokenNotInitialized token_not_initialized
    TokenNotAvailable token_not_available
    TokenReadOnly token_readonly
    CannotSign cannot_sign
    UnsupportedSignAlgorithm unsupported_sign_algorithm
    FailedToGeneratePrivateKey failed_to_generate_private_key
    CertExists cert_exists
    WrongCertUsage wrong_cert_usage
    LoginFailed login_failed
    LogoutFailed logout_failed
    PinIncorrect pin_incorrect
    CertImportFailed cert_import_failed
    TokenPinPolicyFailure token_pin_policy_failure
    TimestamperFailed timestamper_failed
"""

_OWN = """
    DuplicateMessage duplicate_message
    MessageTooLarge message_too_large
    MessageExpired message_expired
    Overloaded overloaded
    DeadlineExceeded deadline_exceeded
    OutcomeUnknown outcome_unknown
    ClientUnauthenticated client_unauthenticated
    DirectorySignature directory_signature
    DirectoryMismatch directory_mismatch
    DirectoryRollback directory_rollback
    DirectoryClock directory_clock
    DirectoryUnreachable directory_unreachable
    DirectoryCache directory_cache
    DirectoryKeys directory_keys
    LedgerDamaged ledger_damaged
    DayKeyNotFound day_key_not_found
    DayKeyDamaged day_key_damaged
"""

_ONLY_SNAKE: Final = (
    Word(None, "unknown_host", "NetworkError"),
    Word(None, "malformed_anchor", "MalformedGlobalConf"),
    Word(None, "anchor_file_not_found", "MalformedGlobalConf"),
)


def _words(table: str) -> tuple[Word, ...]:
    return tuple(Word(*line.split()) for line in table.splitlines() if line.strip())


_WRITTEN = _words(_TRANSPORT + _SIGNATURES + _MESSAGES + _SERVICES + _CONFIGURATION + _CONTAINERS + _KEYS)

VOCABULARY: Final[tuple[Word, ...]] = _WRITTEN + _ONLY_SNAKE
"""Every word of X-Road."""

OWN_CODES: Final[tuple[Word, ...]] = _words(_OWN)
"""What X-Road has no word for."""
