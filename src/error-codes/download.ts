import { errorCodes } from './facts.ts';

/** Codes of connections and of the download of a recording. */
export const DOWNLOAD_CODES = errorCodes({
  TLS_UNTRUSTED: {
    exit: 4,
    retryable: false,
    meaning:
      'The certificate of a server or proxy is not trusted, has expired, or is for another name. Nothing was sent there.',
    hint: 'write the certificate authority to a PEM file and set NODE_EXTRA_CA_CERTS to its path before the program starts; see docs/security.md',
  },
  PROXY_REFUSED: {
    exit: 4,
    retryable: false,
    meaning: 'The proxy refused to connect: it requires other credentials, or does not allow this target.',
    hint: 'check HTTPS_PROXY and the rules of the proxy; NO_PROXY names hosts to reach without it',
  },
  URL_REFUSED: {
    exit: 2,
    retryable: false,
    meaning: 'A download address or redirect leads to a host or address that is not allowed.',
    hint: 'if the host is right, add it to ARCHIVE_MEDIA_HOSTS',
  },
  MEDIA_LINK_EXPIRED: {
    exit: 7,
    retryable: true,
    meaning: 'The media host refused the signed download link, and a new one as well.',
  },
  MEDIA_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning:
      'The media host could not be reached, stalled, or dropped the download more often than this program resumes it.',
  },
  MEDIA_TRUNCATED: {
    exit: 5,
    retryable: true,
    meaning:
      'The download ended before its declared length or before the end that its container states, or its length is unproved and two downloads differ. Nothing was stored.',
  },
  MEDIA_NOT_AUDIO: {
    exit: 5,
    retryable: true,
    meaning:
      'The media host answered 200 with an error page, a document, an encoded body or other data in place of the recording. Nothing was stored.',
  },
  MEDIA_TOO_LARGE: {
    exit: 5,
    retryable: false,
    meaning: 'The recording is larger than one AES-GCM message may be (64 GiB − 32 bytes).',
  },
  EXPORT_ENCRYPTED: {
    exit: 2,
    retryable: false,
    meaning: 'A file of the platform’s export is encrypted with OpenPGP. It was not archived.',
    hint: 'decrypt the export with the private key of its integration and give the decrypted copy to --from-export, or archive these recordings by --ids',
  },
  EXPORT_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning: 'A file of the platform’s export contradicts its name or its sidecar. It was not archived.',
    hint: 'archive the recording by --ids from the platform itself',
  },
});
