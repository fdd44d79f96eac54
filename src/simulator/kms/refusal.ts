/**
 * What the KMS endpoint answers instead of success. Codes and (abridged) messages as in
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors and its siblings. KMS answers 400
 * for whatever the caller can change and 500 for the rest; clients go by the code.
 */
const REFUSALS = {
  AccessDeniedException: [400, 'User is not authorized to perform this operation on this resource'],
  AlreadyExistsException: [400, 'An alias with this name already exists'],
  DependencyTimeoutException: [500, 'The system timed out while trying to fulfill the request'],
  DisabledException: [400, 'The key is disabled.'],
  DryRunOperationException: [
    400,
    'The request would have succeeded, but the DryRun parameter was specified.',
  ],
  IncompleteSignatureException: [400, 'The Authorization header is not valid.'],
  IncorrectKeyException: [
    400,
    'The key ID in the request does not identify a CMK that can perform this operation.',
  ],
  InvalidAliasNameException: [400, 'Alias must start with the prefix "alias/" and must not be reserved.'],
  InvalidArnException: [400, 'Invalid arn'],
  // KMS says nothing about why: a wrong context and a changed ciphertext look the same
  InvalidCiphertextException: [400, ''],
  InvalidKeyUsageException: [400, 'The key or its usage does not fit this operation.'],
  InvalidSignatureException: [
    400,
    'The request signature we calculated does not match the signature you provided.',
  ],
  KMSInternalException: [500, 'The request was rejected because an internal exception occurred.'],
  KMSInvalidStateException: [400, 'The state of the key does not allow this operation.'],
  KeyUnavailableException: [500, 'The specified key was not available. You can retry the request.'],
  MissingAuthenticationTokenException: [400, 'Missing Authentication Token'],
  NotFoundException: [400, 'The key does not exist'],
  SerializationException: [400, 'The request is not a JSON object.'],
  ThrottlingException: [400, 'You have exceeded the rate at which you may call KMS. Reduce the frequency.'],
  UnknownOperationException: [400, 'This simulator implements only a part of KMS.'],
  UnrecognizedClientException: [400, 'The security token included in the request is invalid.'],
  UnsupportedOperationException: [400, 'This simulator does not have what the request asks for.'],
  ValidationException: [400, '1 validation error detected'],
} as const satisfies Record<string, readonly [number, string]>;

export type KmsErrorCode = keyof typeof REFUSALS;

/** Unwinds a request to the place that answers it; callers of the simulator see the HTTP answer. */
export class KmsRefusal extends Error {
  override readonly name = 'KmsRefusal' as const;
  readonly code: KmsErrorCode;
  readonly status: number;

  constructor(code: KmsErrorCode, message?: string) {
    super(message ?? REFUSALS[code][1]);
    this.code = code;
    this.status = REFUSALS[code][0];
  }
}
