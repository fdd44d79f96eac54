import { errorCodes } from './facts.ts';

/** Codes of the queue and of a deployed stack. */
export const DEPLOYMENT_CODES = errorCodes({
  QUEUE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'The queue could not be reached, throttled or failed until the retries were used up.',
  },
  QUEUE_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'The queue refused access: wrong credentials or a missing permission.',
    hint: 'postponing needs sqs:ChangeMessageVisibility, dead letters sqs:SendMessage, redrive also sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes',
  },
  QUEUE_MISSING: {
    exit: 2,
    retryable: false,
    meaning: 'The queue does not exist, or rejects this kind of message.',
  },
  STACK_MISSING: {
    exit: 2,
    retryable: false,
    meaning:
      'The CloudFormation stack does not exist in this account and region, or was not deployed by this program.',
    hint: 'check --stack, --region and AWS_PROFILE; docs/quickstart.md describes the deployment',
  },
  AWS_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'AWS refused access to a part of the deployment: wrong credentials or a missing permission.',
    hint: 'docs/runbook.md lists what `genesys-archive doctor --stack` needs',
  },
  AWS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'A service of AWS could not be reached, throttled or failed until the retries were used up.',
  },
});
