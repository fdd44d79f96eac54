import { SimulatorError } from './simulator-error.ts';
import {
  checkRule,
  FAULT_TARGETS,
  type BodyOffset,
  type Fault,
  type FaultRule,
  type FaultTarget,
  type RetryAfter,
} from './faults.ts';
import { present } from './present.ts';

/** The textual form of faults, as `--help` prints it. */
export const FAULT_GRAMMAR = `FAULT is TARGET[#ID]:KIND[xTIMES][~CHANCE][+SKIP], for example download:cut@50%x3

TARGET  token | media | interaction | download | s3 | kms, and of the published API
        recording | conversation | batch | analytics (details jobs) | bulk (bulk jobs, upload
        reports) | transcript | platform (organization, limits, audits, orphans and the rest);
        #ID limits it to one recording, interaction, job, S3 key or KMS operation

KIND    503, status=503           that status (400 to 599), with the service's own error body
        throttle                  429 (download, s3: 503 SlowDown; kms: 400 ThrottlingException) without Retry-After
        throttle=N                ... with Retry-After: N seconds; may be negative
        throttle=date+N, date-N   ... with an HTTP date N seconds ahead, or past
        throttle=absurd|garbage   ... 31 years; ... a word
        reset, reset@AT           connection reset: at once, or after AT of the body
        cut@AT                    body ends at AT, short of its Content-Length
        cut-open@AT               body ends at AT, with no Content-Length to tell
        stall, stall@AT           silence: at once, or after AT of the body
        html                      an HTML page with status 200
        answer=<JSON>             that body with status 200, in the place of the real answer
        expired                   link (download: 403) or token (others: 401) expired
        redirect=<URL>|self       302 elsewhere, or to the same resource again
        trickle=N                 N bytes a second
        etag-changed, no-etag     download: the file is another one now; no ETag is sent
        chunked                   complete, but without Content-Length
        no-range                  download: Range is ignored

        s3 knows status, throttle, reset, cut and stall; there AT is bytes, and cut, stall@AT strike GetObject only
        kms knows status (400, 403: access denied; 500; 503: dependency timeout), throttle, reset and stall; reset@AT is
        after the work

AT      bytes of the body, or a percentage: 1000, 50%
xTIMES  how often it strikes: x3, x* for always; default x1
~CHANCE of striking a request, e.g. ~25%; default always
+SKIP   lets that many requests pass first, e.g. +2`;

const RULE = new RegExp(
  '^(?<on>[a-z0-9]+)(?:#(?<id>[^:]+))?:(?<kind>[a-z0-9-]+?)(?:(?<mark>[=@])(?<value><[^<>]*>|date[+-]\\d+|[^<>x~+]+))?' +
    '(?:x(?<times>\\d+|\\*))?(?:~(?<chance>\\d+(?:\\.\\d+)?)%)?(?:\\+(?<skip>\\d+))?$',
);

interface Value {
  readonly mark: '=' | '@' | undefined;
  readonly text: string;
}

type Reader = (value: Value) => Fault;

/**
 * Reads the textual form of a fault; {@link FAULT_GRAMMAR} describes it.
 * @throws SimulatorError; the message names the part that is wrong.
 */
export function parseFault(text: string): FaultRule {
  const parts = RULE.exec(text)?.groups;
  if (parts === undefined)
    throw usage(
      text,
      'it is not of the form TARGET[#ID]:KIND[xTIMES][~CHANCE][+SKIP], e.g. download:cut@50%x3',
    );
  const { on = '', id, kind = '', mark, value = '', times, chance, skip } = parts;
  if (!isTarget(on)) throw usage(text, `"${on}" is no target; there are ${FAULT_TARGETS.join(', ')}`);
  const read = /^\d+$/.test(kind)
    ? ({ mark }: Value) => bare(mark, { kind: 'status', status: Number(kind) })
    : READERS.get(kind);
  if (read === undefined)
    throw usage(text, `"${kind}" is no fault; there are ${[...READERS.keys()].join(', ')}`);
  let fault: Fault;
  try {
    fault = read({ mark: mark === '=' || mark === '@' ? mark : undefined, text: value });
  } catch (error) {
    throw error instanceof SimulatorError ? usage(text, `${kind}: ${error.message}`) : error;
  }
  const rule: FaultRule = {
    on,
    ...present({
      id,
      times: times === undefined ? undefined : times === '*' ? Number.POSITIVE_INFINITY : Number(times),
      probability: chance === undefined ? undefined : Number(chance) / 100,
      skip: skip === undefined ? undefined : Number(skip),
    }),
    fault,
  };
  checkRule(rule);
  return rule;
}

/** The text that {@link parseFault} reads back as `rule`, where its parts have no more than a few decimals. */
export function formatFault(rule: FaultRule): string {
  const { on, id, times, probability, skip, fault } = rule;
  return [
    on,
    id === undefined ? '' : `#${id}`,
    `:${formatKind(fault)}`,
    times === undefined ? '' : `x${Number.isFinite(times) ? times : '*'}`,
    probability === undefined ? '' : `~${Number((probability * 100).toFixed(6))}%`,
    skip === undefined ? '' : `+${skip}`,
  ].join('');
}

function formatKind(fault: Fault): string {
  const at = (offset: BodyOffset | undefined) => (offset === undefined ? '' : `@${offset}`);
  switch (fault.kind) {
    case 'status':
      return `status=${fault.status}`;
    case 'throttle':
      return `throttle=${formatRetryAfter(fault.retryAfter)}`;
    case 'reset':
    case 'stall':
      return fault.kind + at(fault.afterBytes);
    case 'cut':
      return (fault.keepLength ? 'cut' : 'cut-open') + at(fault.atByte);
    case 'redirect':
      return `redirect=${fault.to === 'self' ? 'self' : `<${fault.to}>`}`;
    case 'answer':
      return `answer=<${fault.body}>`;
    case 'trickle':
      return `trickle=${fault.bytesPerSecond}`;
    case 'change-etag':
      return fault.etag === 'changed' ? 'etag-changed' : 'no-etag';
    case 'html':
    case 'expired':
    case 'chunked':
    case 'no-range':
      return fault.kind;
    default:
      return fault satisfies never;
  }
}

function formatRetryAfter(retryAfter: RetryAfter): string {
  return typeof retryAfter === 'object'
    ? `date${retryAfter.httpDateIn < 0 ? '' : '+'}${retryAfter.httpDateIn}`
    : String(retryAfter);
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'status',
    (value) => ({ kind: 'status', status: Number(required(value, '=', /^\d{3}$/, 'a status, e.g. =503')) }),
  ],
  ['throttle', (value) => ({ kind: 'throttle', retryAfter: readRetryAfter(value) })],
  ['reset', (value) => ({ kind: 'reset', ...readAfter(value) })],
  ['cut', (value) => ({ kind: 'cut', atByte: readOffset(value), keepLength: true })],
  ['cut-open', (value) => ({ kind: 'cut', atByte: readOffset(value), keepLength: false })],
  ['stall', (value) => ({ kind: 'stall', ...readAfter(value) })],
  ['html', ({ mark }) => bare(mark, { kind: 'html' })],
  ['expired', ({ mark }) => bare(mark, { kind: 'expired' })],
  [
    'answer',
    (value) => ({
      kind: 'answer',
      body: required(value, '=', /^<[^<>]*>$/, 'a body, =<{"id":"x"}>').slice(1, -1),
    }),
  ],
  [
    'redirect',
    (value) => {
      const to = required(value, '=', /^(?:self|<[^<>\s]+>)$/, 'an address, =<https://...>, or =self');
      return { kind: 'redirect', to: to.replaceAll(/[<>]/g, '') };
    },
  ],
  [
    'trickle',
    (value) => ({
      kind: 'trickle',
      bytesPerSecond: Number(required(value, '=', /^\d+$/, 'bytes a second, e.g. =1000')),
    }),
  ],
  ['etag-changed', ({ mark }) => bare(mark, { kind: 'change-etag', etag: 'changed' })],
  ['no-etag', ({ mark }) => bare(mark, { kind: 'change-etag', etag: 'none' })],
  ['chunked', ({ mark }) => bare(mark, { kind: 'chunked' })],
  ['no-range', ({ mark }) => bare(mark, { kind: 'no-range' })],
]);

function readRetryAfter(value: Value): RetryAfter {
  if (value.mark === undefined) return 'absent';
  const pattern = /^(?:-?\d+|date[+-]\d+|absent|absurd|garbage)$/;
  const text = required(value, '=', pattern, 'seconds, date+N, date-N, absent, absurd or garbage');
  if (text === 'absent' || text === 'absurd' || text === 'garbage') return text;
  return text.startsWith('date') ? { httpDateIn: Number(text.slice(4)) } : Number(text);
}

function readAfter(value: Value): { readonly afterBytes?: BodyOffset } {
  return value.mark === undefined ? {} : { afterBytes: readOffset(value) };
}

function readOffset(value: Value): BodyOffset {
  const text = required(value, '@', /^\d+(?:\.\d+)?%?$/, 'a place in the body, e.g. @1000 or @50%');
  return text.endsWith('%') ? `${Number(text.slice(0, -1))}%` : Number(text);
}

function required(value: Value, mark: '=' | '@', pattern: RegExp, what: string): string {
  if (value.mark !== mark || !pattern.test(value.text)) throw new SimulatorError(`needs ${what}`);
  return value.text;
}

function bare<T extends Fault>(mark: string | undefined, fault: T): T {
  if (mark !== undefined) throw new SimulatorError('takes no value');
  return fault;
}

function isTarget(name: string): name is FaultTarget {
  return FAULT_TARGETS.some((target) => target === name);
}

function usage(text: string, problem: string): SimulatorError {
  // an address may carry a signature or a token in its query
  return new SimulatorError(`fault "${text.replace(/<.*/s, '<…>')}": ${problem}`);
}
