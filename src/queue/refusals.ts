import { type AwsErrorRule, commonRules, kindOfName, kindOfStatus } from '../aws/classify-error.ts';
import { errorNameOf } from '../aws/json-calls.ts';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';

const COMMON = commonRules(
  { throttled: 'QUEUE_UNAVAILABLE', unavailable: 'QUEUE_UNAVAILABLE', denied: 'QUEUE_DENIED' },
  { place: 'queue', service: 'SQS' },
);
const missing: AwsErrorRule = { code: 'QUEUE_MISSING' };

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html#API_ReceiveMessage_Errors */
const RULES: Readonly<Record<string, AwsErrorRule>> = {
  OverLimit: COMMON.throttled,
  KmsThrottled: COMMON.throttled,
  KmsAccessDenied: COMMON.denied,
};

/** Codes only: messages of the service may quote what was sent. */
export function sortAnswer(
  what: string,
  status: number,
  text: string,
): { readonly error: ArchiveError; readonly transient: boolean } {
  const name = errorNameOf(text);
  const message = `${what}: ${status} ${name}`.trim();
  const { code, hint, transient = false } = ruleFor(name, status);
  const error = new ArchiveError(code, message, { details: { status, reason: name }, ...present({ hint }) });
  return { error, transient };
}

function ruleFor(name: string, status: number): AwsErrorRule {
  // such as AWS.SimpleQueueService.AccessDenied
  const word = name.slice(name.lastIndexOf('.') + 1);
  const own = Object.hasOwn(RULES, word) ? RULES[word] : undefined;
  const kind = kindOfName(word) ?? kindOfStatus(status);
  return own ?? (kind === undefined ? missing : COMMON[kind]);
}
