import { SqsRefusal } from '../aws/refusals.ts';
import { md5, md5OfAttributes, type SqsAttribute, type SqsMessage, type SqsQueues } from './queues.ts';
import { present } from '../present.ts';

type Input = Readonly<Record<string, unknown>>;
interface Call {
  readonly queues: SqsQueues;
  readonly input: Input;
  /** Epoch ms. */
  readonly now: number;
}

/** Bytes of one message, its attributes included. */
const MAX_MESSAGE_BYTES = 1_048_576;
/** Seconds */
const MAX_VISIBILITY_S = 43_200;
const DEFAULT_VISIBILITY_S = 30;
const MAX_DELAY_S = 900;
/** #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

function queueOf({ queues, input }: Call): string {
  const name = text(input, 'QueueUrl').split('/').at(-1) ?? '';
  if (queues.find(name) === undefined) throw new SqsRefusal('QueueDoesNotExist');
  return name;
}

function text(input: Input, name: string): string {
  const { [name]: value } = input;
  if (typeof value === 'string' && value !== '') return value;
  throw new SqsRefusal('MissingRequiredParameterException');
}

function whole(input: Input, name: string, most: number, byDefault: number): number {
  const { [name]: value = byDefault } = input;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new SqsRefusal('InvalidParameterValue');
}

function readAttributes({ MessageAttributes: stated = {} }: Input): Record<string, SqsAttribute> {
  const attributes: Record<string, SqsAttribute> = {};
  for (const [name, value] of Object.entries(object(stated))) {
    const { DataType, StringValue } = object(value);
    if (DataType !== 'String' || typeof StringValue !== 'string')
      throw new SqsRefusal('UnsupportedOperation');
    const fits = /^(?!AWS\.|Amazon\.)[A-Za-z0-9_.-]{1,256}$/i.test(name) && StringValue !== '';
    if (!fits || FORBIDDEN.test(StringValue)) throw new SqsRefusal('InvalidParameterValue');
    attributes[name] = { DataType, StringValue };
  }
  if (Object.keys(attributes).length > 10) throw new SqsRefusal('InvalidParameterValue');
  return attributes;
}

function object(value: unknown): Input {
  if (typeof value === 'object' && value !== null) return { ...value };
  throw new SqsRefusal('InvalidParameterValue');
}

function send(call: Call, entry: Input) {
  const body = text(entry, 'MessageBody');
  if (FORBIDDEN.test(body)) throw new SqsRefusal('InvalidMessageContents');
  const attributes = readAttributes(entry);
  if (Buffer.byteLength(body + JSON.stringify(attributes)) > MAX_MESSAGE_BYTES) {
    throw new SqsRefusal('InvalidParameterValue');
  }
  const delayS = whole(entry, 'DelaySeconds', MAX_DELAY_S, 0);
  const { id } = call.queues.send(queueOf(call), body, attributes, call.now, delayS);
  const digest = md5OfAttributes(attributes);
  return {
    MessageId: id,
    MD5OfMessageBody: md5(body),
    ...present({ MD5OfMessageAttributes: digest }),
  };
}

function batch(call: Call, perform: (entry: Input) => object): object {
  queueOf(call);
  const { Entries } = call.input;
  if (!Array.isArray(Entries) || Entries.length === 0) throw new SqsRefusal('EmptyBatchRequest');
  if (Entries.length > 10) throw new SqsRefusal('TooManyEntriesInBatchRequest');
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of Entries.map(object)) {
    const Id = text(entry, 'Id');
    try {
      Successful.push({ Id, ...perform(entry) });
    } catch (error) {
      if (!(error instanceof SqsRefusal)) throw error;
      Failed.push({ Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}

function describeMessage(
  { id, body, handle, attributes, receiveCount, sentAt }: SqsMessage,
  input: Input,
): object {
  const wanted = input['MessageAttributeNames'];
  const all = Array.isArray(wanted) && wanted.some((name) => name === 'All' || name === '.*');
  const digest = all ? md5OfAttributes(attributes) : undefined;
  return {
    MessageId: id,
    ReceiptHandle: handle,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) },
    ...present({
      MessageAttributes: digest === undefined ? undefined : attributes,
      MD5OfMessageAttributes: digest,
    }),
  };
}

function remove(call: Call, entry: Input): object {
  call.queues.remove(queueOf(call), text(entry, 'ReceiptHandle'));
  return {};
}

export const SQS_OPERATIONS = {
  SendMessage: (call: Call) => send(call, call.input),
  SendMessageBatch: (call: Call) => batch(call, (entry) => send(call, entry)),
  ReceiveMessage: (call: Call) => {
    const { input, queues, now } = call;
    const limit = whole(input, 'MaxNumberOfMessages', 10, 1);
    if (limit < 1) throw new SqsRefusal('InvalidParameterValue');
    const hideS = whole(input, 'VisibilityTimeout', MAX_VISIBILITY_S, DEFAULT_VISIBILITY_S);
    whole(input, 'WaitTimeSeconds', 20, 0);
    const messages = queues.receive(queueOf(call), limit, hideS, now);
    return messages.length === 0
      ? {}
      : { Messages: messages.map((message) => describeMessage(message, input)) };
  },
  DeleteMessage: (call: Call) => {
    remove(call, call.input);
    return undefined;
  },
  DeleteMessageBatch: (call: Call) => batch(call, (entry) => remove(call, entry)),
  ChangeMessageVisibility: (call: Call) => {
    const { input, queues, now } = call;
    const message = queues.delivered(queueOf(call), text(input, 'ReceiptHandle'));
    if (message === undefined) throw new SqsRefusal('ReceiptHandleIsInvalid');
    if (input['VisibilityTimeout'] === undefined) throw new SqsRefusal('MissingRequiredParameterException');
    if (message.visibleAt <= now) throw new SqsRefusal('MessageNotInflight');
    message.visibleAt = now + whole(input, 'VisibilityTimeout', MAX_VISIBILITY_S, 0) * 1000;
    return undefined;
  },
  GetQueueAttributes: (call: Call) => {
    const messages = call.queues.find(queueOf(call)) ?? [];
    const visible = messages.filter(({ visibleAt }) => visibleAt <= call.now).length;
    return {
      Attributes: {
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesNotVisible: String(messages.length - visible),
      },
    };
  },
} as const satisfies Record<string, (call: Call) => object | undefined>;

export type SqsOperation = keyof typeof SQS_OPERATIONS;

export function isSqsOperation(name: string): name is SqsOperation {
  return Object.hasOwn(SQS_OPERATIONS, name);
}
