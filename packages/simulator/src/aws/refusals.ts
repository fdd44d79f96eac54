/**
 * What the endpoints of AWS's JSON protocols answer instead of success: HTTP status and (abridged) message by code. Sources:
 * https://docs.aws.amazon.com/athena/latest/APIReference/CommonErrors.html, https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html,
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors and
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html, and the page of each operation.
 */
type Refusals = Readonly<Record<string, readonly [status: number, message: string]>>;

/** In every service; SQS answers some of them with another status. */
const COMMON = {
  AccessDeniedException: [400, 'User is not authorized to perform this operation on this resource'],
  IncompleteSignatureException: [400, 'The Authorization header is not valid.'],
  InvalidSignatureException: [
    400,
    'The request signature we calculated does not match the signature you provided.',
  ],
  MissingAuthenticationTokenException: [400, 'Missing Authentication Token'],
  SerializationException: [400, 'The request is not a JSON object.'],
  ThrottlingException: [400, 'Rate exceeded'],
  UnknownOperationException: [400, 'This simulator implements only a part of the service.'],
  UnrecognizedClientException: [400, 'The security token included in the request is invalid.'],
} as const satisfies Refusals;

const REFUSALS = {
  athena: {
    ...COMMON,
    AccessDeniedException: [
      400,
      'You are not authorized to perform: athena:StartQueryExecution on the resource. After your AWS administrator or you have updated your permissions, please try again.',
    ],
    InternalServerException: [500, 'Internal server error'],
    InvalidRequestException: [400, 'The request is not valid.'],
    TooManyRequestsException: [400, 'Rate exceeded'],
  },
  kms: {
    ...COMMON,
    AlreadyExistsException: [400, 'An alias with this name already exists'],
    DependencyTimeoutException: [500, 'The system timed out while trying to fulfill the request'],
    DisabledException: [400, 'The key is disabled.'],
    DryRunOperationException: [
      400,
      'The request would have succeeded, but the DryRun parameter was specified.',
    ],
    IncorrectKeyException: [
      400,
      'The key ID in the request does not identify a CMK that can perform this operation.',
    ],
    InvalidAliasNameException: [400, 'Alias must start with the prefix "alias/" and must not be reserved.'],
    InvalidArnException: [400, 'Invalid arn'],
    // KMS says nothing about why: a wrong context and a changed ciphertext look the same
    InvalidCiphertextException: [400, ''],
    InvalidKeyUsageException: [400, 'The key or its usage does not fit this operation.'],
    KMSInternalException: [500, 'The request was rejected because an internal exception occurred.'],
    KMSInvalidStateException: [400, 'The state of the key does not allow this operation.'],
    KeyUnavailableException: [500, 'The specified key was not available. You can retry the request.'],
    NotFoundException: [400, 'The key does not exist'],
    ThrottlingException: [400, 'You have exceeded the rate at which you may call KMS. Reduce the frequency.'],
    UnsupportedOperationException: [400, 'This simulator does not have what the request asks for.'],
    ValidationException: [400, '1 validation error detected'],
  },
  secretsmanager: {
    ...COMMON,
    DecryptionFailure: [
      400,
      'Secrets Manager can’t decrypt the protected secret text using the provided KMS key.',
    ],
    InternalServiceError: [500, 'An error occurred on the server side.'],
    InvalidParameterException: [400, 'The parameter name or value is invalid.'],
    InvalidRequestException: [
      400,
      "You can't perform this operation on the secret because it was marked for deletion.",
    ],
    ResourceNotFoundException: [400, "Secrets Manager can't find the specified secret."],
  },
  sqs: {
    ...COMMON,
    AccessDeniedException: [403, 'You do not have sufficient access to perform this action.'],
    BatchRequestTooLong: [400, 'The length of all the messages put together is more than the limit.'],
    EmptyBatchRequest: [400, 'There should be at least one entry in the request.'],
    InternalFailure: [500, 'The request processing has failed because of an unknown error.'],
    InvalidMessageContents: [400, 'The message contains characters outside the allowed set.'],
    InvalidParameterValue: [400, 'A value of the request is not valid.'],
    InvalidSignatureException: [403, COMMON.InvalidSignatureException[1]],
    MessageNotInflight: [400, 'The message is not in flight.'],
    MissingAuthenticationTokenException: [403, COMMON.MissingAuthenticationTokenException[1]],
    MissingRequiredParameterException: [400, 'The request must contain this parameter.'],
    QueueDoesNotExist: [400, 'The specified queue does not exist.'],
    ReceiptHandleIsInvalid: [404, 'The specified receipt handle is not valid.'],
    RequestThrottled: [400, 'The request was denied due to request throttling.'],
    TooManyEntriesInBatchRequest: [400, 'Maximum number of entries per request are 10.'],
    UnrecognizedClientException: [403, COMMON.UnrecognizedClientException[1]],
    UnsupportedOperation: [400, 'This simulator does not have what the request asks for.'],
  },
} as const satisfies Readonly<Record<AwsService, Refusals>>;

/** As it stands in signatures. */
export type AwsService = 'athena' | 'kms' | 'secretsmanager' | 'sqs';

export type AwsErrorCode<S extends AwsService> = keyof (typeof REFUSALS)[S] & string;
export type AthenaErrorCode = AwsErrorCode<'athena'>;
export type KmsErrorCode = AwsErrorCode<'kms'>;
export type SecretErrorCode = AwsErrorCode<'secretsmanager'>;
export type SqsErrorCode = AwsErrorCode<'sqs'>;

/** What can be wrong with a request before any operation sees it. */
export type AwsProblem =
  | 'too-large'
  | 'unsigned'
  | 'unknown-key'
  | 'wrong-signature'
  | 'incomplete-signature'
  | 'unknown-operation'
  | 'no-json'
  | 'internal';

const COMMON_PROBLEMS = {
  'too-large': 'SerializationException',
  unsigned: 'MissingAuthenticationTokenException',
  'unknown-key': 'UnrecognizedClientException',
  'wrong-signature': 'InvalidSignatureException',
  'incomplete-signature': 'IncompleteSignatureException',
  'unknown-operation': 'UnknownOperationException',
  'no-json': 'SerializationException',
} as const;

const PROBLEMS: { readonly [S in AwsService]: Readonly<Record<AwsProblem, AwsErrorCode<S>>> } = {
  athena: { ...COMMON_PROBLEMS, internal: 'InternalServerException' },
  kms: { ...COMMON_PROBLEMS, internal: 'KMSInternalException' },
  secretsmanager: { ...COMMON_PROBLEMS, internal: 'InternalServiceError' },
  sqs: {
    ...COMMON_PROBLEMS,
    'too-large': 'BatchRequestTooLong',
    'incomplete-signature': 'InvalidSignatureException',
    internal: 'InternalFailure',
  },
};

/** Unwinds a request to the place that answers it; callers of the simulator see the HTTP answer. */
export class AwsRefusal<S extends AwsService = AwsService> extends Error {
  override readonly name = 'AwsRefusal' as const;
  /** As in `__type` of the answer, without the service's own prefix. */
  readonly code: AwsErrorCode<S>;
  /** HTTP status. */
  readonly status: number;

  constructor(service: S, code: AwsErrorCode<S>, message?: string) {
    const table: Refusals = REFUSALS[service];
    const [status, text] = table[code] ?? [500, ''];
    super(message ?? text);
    this.code = code;
    this.status = status;
  }
}

export class AthenaRefusal extends AwsRefusal<'athena'> {
  constructor(code: AthenaErrorCode, message?: string) {
    super('athena', code, message);
  }
}

export class KmsRefusal extends AwsRefusal<'kms'> {
  constructor(code: KmsErrorCode, message?: string) {
    super('kms', code, message);
  }
}

export class SecretRefusal extends AwsRefusal<'secretsmanager'> {
  constructor(code: SecretErrorCode) {
    super('secretsmanager', code);
  }
}

export class SqsRefusal extends AwsRefusal<'sqs'> {
  constructor(code: SqsErrorCode) {
    super('sqs', code);
  }
}

/** Returns the refusal of a request that no operation saw. */
export function refusalOf<S extends AwsService>(
  service: S,
  problem: AwsProblem,
  message?: string,
): AwsRefusal<S> {
  return new AwsRefusal(service, PROBLEMS[service][problem], message);
}
