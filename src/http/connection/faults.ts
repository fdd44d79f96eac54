/** Why a connection could not be made, where that is for a person to put right: certificates and proxies. */
import type { ErrorCode } from '../../error-codes.ts';
import { ArchiveError, systemCodeOf } from '../../errors.ts';
import { present } from '../../present.ts';

export interface ConnectionFault {
  /** The error code; absent where the caller's own code for a lost connection says enough. */
  readonly code?: ErrorCode;
  /** Continues "HOST: …"; holds nothing of what was sent or received. */
  readonly message: string;
  readonly hint?: string;
  readonly systemCode?: string | undefined;
  readonly status?: number;
  readonly timedOut?: true;
  /** Name of the proxy at fault. */
  readonly proxy?: string;
}

/** A proxy that could not be reached, or that has not made the connection it was asked for. */
export class ProxyProblem extends Error {
  override readonly name = 'ProxyProblem' as const;
  readonly fault: ConnectionFault;

  constructor(fault: ConnectionFault) {
    super(fault.message);
    this.fault = fault;
  }
}

const UNTRUSTED_HINT =
  'if a certificate authority of your own is right there (a proxy that inspects TLS, a private endpoint), put its certificate into a PEM file and name it in NODE_EXTRA_CA_CERTS before the program starts; if not, the connection is intercepted';
const DATES_HINT =
  'check the clock of this machine; if it is right, the certificate has to be renewed by who runs that server';
const NAME_HINT =
  'check the address in the settings, and that no proxy or DNS entry leads elsewhere; the certificate has to hold that name';
const REVOKED_HINT = 'do not trust it: the certificate has been withdrawn by its authority';

const UNTRUSTED = ['its certificate is not trusted', UNTRUSTED_HINT] as const;
const DATES = ['its certificate is not valid at this time', DATES_HINT] as const;
const NAME = ['its certificate is for another name', NAME_HINT] as const;

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes; that of another name is Node's own. */
const CERTIFICATE_CODES: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  CERT_HAS_EXPIRED: DATES,
  CERT_NOT_YET_VALID: DATES,
  ERR_TLS_CERT_ALTNAME_INVALID: NAME,
  ERR_TLS_CERT_ALTNAME_FORMAT: NAME,
  HOSTNAME_MISMATCH: NAME,
  CERT_REVOKED: ['its certificate has been revoked', REVOKED_HINT],
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: UNTRUSTED,
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: UNTRUSTED,
  UNABLE_TO_GET_CRL: UNTRUSTED,
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CRL_SIGNATURE_FAILURE: UNTRUSTED,
  CRL_HAS_EXPIRED: UNTRUSTED,
  CRL_NOT_YET_VALID: UNTRUSTED,
  ERROR_IN_CERT_NOT_BEFORE_FIELD: UNTRUSTED,
  ERROR_IN_CERT_NOT_AFTER_FIELD: UNTRUSTED,
  ERROR_IN_CRL_LAST_UPDATE_FIELD: UNTRUSTED,
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: UNTRUSTED,
  CERT_CHAIN_TOO_LONG: UNTRUSTED,
  CERT_REJECTED: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: UNTRUSTED,
  PATH_LENGTH_EXCEEDED: UNTRUSTED,
};

/** The fault behind an error of a socket, an agent or the AWS SDK; `undefined` when it is a connection that may succeed later. */
export function faultOf(error: unknown): ConnectionFault | undefined {
  if (error instanceof ProxyProblem) return error.fault;
  const systemCode = systemCodeOf(error);
  if (systemCode === undefined || !Object.hasOwn(CERTIFICATE_CODES, systemCode)) return undefined;
  const [message, hint] = CERTIFICATE_CODES[systemCode] ?? UNTRUSTED;
  return { code: 'TLS_UNTRUSTED', message: `${message} (${systemCode})`, hint, systemCode };
}

/**
 * The fault as an error.
 *
 * @param failure the caller's code for a lost connection.
 * @param what begins the message, such as the host or the operation.
 */
export function faultError(
  { code, message, hint, ...facts }: ConnectionFault,
  failure: ErrorCode,
  what: string,
  host?: string,
): ArchiveError {
  return new ArchiveError(code ?? failure, `${what}: ${message}`, {
    ...present({ hint }),
    details: { ...present({ host }), ...facts },
  });
}
