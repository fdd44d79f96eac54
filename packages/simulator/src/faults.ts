import { SimulatorError } from './simulator-error.ts';

/**
 * What a fault can strike: the OAuth token, the media look-up, the interaction, the download, the S3 and KMS endpoints; of the
 * published API, what concerns recordings, conversations, batch downloads, queries of the data lake, bulk jobs and reports of uploads,
 * transcripts, and the organization.
 */
export const FAULT_TARGETS = [
  'token',
  'media',
  'interaction',
  'download',
  's3',
  'kms',
  'recording',
  'conversation',
  'batch',
  'analytics',
  'bulk',
  'transcript',
  'platform',
] as const;
export type FaultTarget = (typeof FAULT_TARGETS)[number];

/** A place in the body of the response that is struck (not in the file): bytes, or a percentage of its length. */
export type BodyOffset = number | `${number}%`;

export type Fault =
  /** Any status from 400 to 599, with the error body the platform (or S3) sends with it. */
  | { readonly kind: 'status'; readonly status: number }
  /** 429 (S3 and media host: 503 SlowDown). `absurd` asks to wait for 31 years, `garbage` is no number and no date. */
  | { readonly kind: 'throttle'; readonly retryAfter: RetryAfter }
  /** TCP RST. Without `afterBytes` before the request has any effect; with it, afterwards, at most that far into the body. */
  | { readonly kind: 'reset'; readonly afterBytes?: BodyOffset }
  /** A clean end (FIN) in the middle of the body: short of the Content-Length that was sent, or with none sent. */
  | { readonly kind: 'cut'; readonly atByte: BodyOffset; readonly keepLength: boolean }
  /** Silence until the client gives up. Without `afterBytes` not even a status line is sent. */
  | { readonly kind: 'stall'; readonly afterBytes?: BodyOffset }
  /** An HTML error page with status 200. */
  | { readonly kind: 'html' }
  /** This body, as `application/json` with status 200, in the place of the real answer. */
  | { readonly kind: 'answer'; readonly body: string }
  /** As if the link (download: 403 XML) or the token (elsewhere: 401) had expired. */
  | { readonly kind: 'expired' }
  /** 302. `self` is the same resource (download: newly signed). */
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** `changed`: the file is another one from now on (new ETag, other sound of the same length). `none`: no ETag is sent. */
  | { readonly kind: 'change-etag'; readonly etag: 'changed' | 'none' }
  /** The whole body, but chunked and without Content-Length. */
  | { readonly kind: 'chunked' }
  /** `Range` is ignored: 200 and the whole file. */
  | { readonly kind: 'no-range' };

export type FaultKind = Fault['kind'];
/** Seconds (may be negative or huge), an HTTP date that many seconds ahead, or something a client must survive. */
export type RetryAfter = number | { readonly httpDateIn: number } | 'absent' | 'absurd' | 'garbage';

export interface FaultRule {
  readonly on: FaultTarget;
  /** Only requests for this recording, interaction or S3 key. */
  readonly id?: string;
  /** How often the fault strikes; default 1, `Infinity` for always. */
  readonly times?: number;
  /** Chance in (0, 1] for each request the rule applies to; default 1. Drawn from the simulator's seed. */
  readonly probability?: number;
  /** Lets that many matching requests pass first; default 0. */
  readonly skip?: number;
  readonly fault: Fault;
}

/** These change how a response is sent; any number of them combine, with each other and with one of the other kinds. */
const MODIFIERS: ReadonlySet<FaultKind> = new Set(['trickle', 'change-etag', 'chunked', 'no-range']);
const DOWNLOAD_ONLY: ReadonlySet<FaultKind> = new Set(['change-etag', 'no-range']);
const S3_KINDS: ReadonlySet<FaultKind> = new Set(['status', 'throttle', 'reset', 'cut', 'stall']);
const KMS_KINDS: ReadonlySet<FaultKind> = new Set(['status', 'throttle', 'reset', 'stall']);
const KMS_STATUSES: ReadonlySet<number> = new Set([400, 403, 500, 503]);
const S3_STATUSES: ReadonlySet<number> = new Set([400, 403, 404, 409, 412, 500, 501, 503]);

interface Armed {
  readonly rule: FaultRule;
  readonly random: () => number;
  seen: number;
  left: number;
}

/** Faults waiting to strike. Rules are tried in the order they were added. */
export class FaultPlan {
  readonly #seed: number;
  readonly #struck = new Map<string, number>();
  #armed: Armed[] = [];
  #added = 0;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  /** @throws SimulatorError when the rule makes no sense; the message names the field. */
  add(rule: FaultRule): void {
    checkRule(rule);
    this.#added += 1;
    this.#armed.push({
      rule,
      random: seededRandom(this.#seed * 7919 + this.#added),
      seen: 0,
      left: rule.times ?? 1,
    });
  }

  /** Disarms everything that has not struck yet. Counts are kept. */
  clear(): void {
    this.#armed = [];
  }

  /**
   * The faults this request shall suffer: any number of modifiers, at most one of the other kinds. Uses them up.
   * @param suits faults it returns false for pass this request by.
   */
  take(on: FaultTarget, id?: string, suits: (fault: Fault) => boolean = () => true): readonly Fault[] {
    const taken: Fault[] = [];
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (rule.on !== on || (rule.id !== undefined && rule.id !== id) || !suits(rule.fault)) continue;
      armed.seen += 1;
      if (armed.seen <= (rule.skip ?? 0) || armed.left <= 0) continue;
      const kind = rule.fault.kind;
      if (!MODIFIERS.has(kind) && taken.some((fault) => !MODIFIERS.has(fault.kind))) continue;
      if (armed.random() >= (rule.probability ?? 1)) continue;
      armed.left -= 1;
      const key = `${on}:${kind}`;
      this.#struck.set(key, (this.#struck.get(key) ?? 0) + 1);
      taken.push(rule.fault);
    }
    return taken;
  }

  /** How many faults have struck, by `target:kind`, e.g. `download:cut`. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#struck);
  }

  /** How many faults have struck, of one target and kind where given. */
  injected(on?: FaultTarget, kind?: FaultKind): number {
    let sum = 0;
    for (const [key, count] of this.#struck) {
      const [target, struckKind] = key.split(':');
      if ((on === undefined || on === target) && (kind === undefined || kind === struckKind)) sum += count;
    }
    return sum;
  }
}

/** The first fault of that kind, narrowed. */
export function findFault<K extends FaultKind>(
  faults: readonly Fault[],
  kind: K,
): Extract<Fault, { kind: K }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { kind: K }> => fault.kind === kind);
}

/** Bytes of a body of `length` bytes that lie before `offset`. */
export function resolveOffset(offset: BodyOffset, length: number): number {
  if (typeof offset === 'number') return offset;
  return Math.floor((length * Number(offset.slice(0, -1))) / 100);
}

/** The header's value for `retryAfter` at `now` (epoch ms); `undefined` when it is not sent. */
export function retryAfterHeader(retryAfter: RetryAfter, now: number): string | undefined {
  if (retryAfter === 'absent') return undefined;
  if (retryAfter === 'absurd') return '1000000000';
  if (retryAfter === 'garbage') return 'soon';
  if (typeof retryAfter === 'number') return String(retryAfter);
  return new Date(now + retryAfter.httpDateIn * 1000).toUTCString();
}

/** @throws SimulatorError when the rule makes no sense; the message names the field. */
export function checkRule(rule: FaultRule): void {
  const { fault } = rule;
  const refuse = (problem: string) => {
    throw new SimulatorError(`fault "${fault.kind}" on "${rule.on}": ${problem}`);
  };
  const times = rule.times ?? 1;
  if (times !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(times) || times < 1))
    refuse('times must be a whole number of at least 1, or Infinity');
  const probability = rule.probability ?? 1;
  if (!(probability > 0 && probability <= 1)) refuse('probability must be above 0 and at most 1');
  if (!Number.isSafeInteger(rule.skip ?? 0) || (rule.skip ?? 0) < 0)
    refuse('skip must be a whole number of at least 0');
  if (DOWNLOAD_ONLY.has(fault.kind) && rule.on !== 'download') refuse('only a download can suffer this');
  if (
    fault.kind === 'status' &&
    !(Number.isInteger(fault.status) && fault.status >= 400 && fault.status < 600)
  )
    refuse('status must be from 400 to 599');
  if (fault.kind === 'trickle' && !(fault.bytesPerSecond > 0)) refuse('bytesPerSecond must be above 0');
  if (fault.kind === 'redirect' && fault.to === '') refuse('to must name an address, or be "self"');
  const offset = fault.kind === 'cut' ? fault.atByte : 'afterBytes' in fault ? fault.afterBytes : undefined;
  if (offset !== undefined && !isOffset(offset)) refuse('the offset must be bytes, or 0% to 100%');
  if (rule.on === 'kms') checkKmsFault(fault, refuse);
  if (rule.on !== 's3') return;
  if (!S3_KINDS.has(fault.kind)) refuse(`the S3 endpoint can suffer ${[...S3_KINDS].join(', ')}`);
  if (typeof offset === 'string') refuse('the offset must be bytes, not a percentage');
  if (fault.kind === 'cut' && !fault.keepLength) refuse('the S3 endpoint always states a length');
  if (fault.kind === 'status' && !S3_STATUSES.has(fault.status))
    refuse(`the S3 endpoint has errors of the status ${[...S3_STATUSES].join(', ')}`);
}

/** KMS answers are a few hundred bytes: nothing happens in the middle of one. */
function checkKmsFault(fault: Fault, refuse: (problem: string) => void): void {
  if (!KMS_KINDS.has(fault.kind)) refuse(`the KMS endpoint can suffer ${[...KMS_KINDS].join(', ')}`);
  if (fault.kind === 'stall' && fault.afterBytes !== undefined)
    refuse('the KMS endpoint stalls before its answer');
  if (fault.kind === 'status' && !KMS_STATUSES.has(fault.status))
    refuse(`the KMS endpoint has faults of the status ${[...KMS_STATUSES].join(', ')}`);
}

function isOffset(offset: BodyOffset): boolean {
  if (typeof offset === 'number') return Number.isSafeInteger(offset) && offset >= 0;
  const percent = Number(offset.slice(0, -1));
  return offset.endsWith('%') && percent >= 0 && percent <= 100;
}

/** mulberry32: small, fast and good enough for dice that must fall the same way every time. Uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
