import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatorError } from '../../packages/simulator/src/simulator-error.ts';
import { FAULT_GRAMMAR, formatFault, parseFault } from '../../packages/simulator/src/fault-grammar.ts';
import {
  checkRule,
  FAULT_TARGETS,
  type BodyOffset,
  type Fault,
  type FaultRule,
  type RetryAfter,
} from '../../packages/simulator/src/faults.ts';

const offset: fc.Arbitrary<BodyOffset> = fc.oneof(
  fc.nat(),
  fc.nat({ max: 100 }).map((percent) => `${percent}%` as const),
);
const retryAfter: fc.Arbitrary<RetryAfter> = fc.oneof(
  fc.integer(),
  fc.integer({ min: -9999, max: 9999 }).map((httpDateIn) => ({ httpDateIn })),
  fc.constantFrom('absent' as const, 'absurd' as const, 'garbage' as const),
);
const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('status' as const), status: fc.integer({ min: 400, max: 599 }) }),
  fc.record({ kind: fc.constant('throttle' as const), retryAfter }),
  fc.record({ kind: fc.constant('reset' as const), afterBytes: offset }, { requiredKeys: ['kind'] }),
  fc.record({ kind: fc.constant('cut' as const), atByte: offset, keepLength: fc.boolean() }),
  fc.record({ kind: fc.constant('stall' as const), afterBytes: offset }, { requiredKeys: ['kind'] }),
  fc.record({
    kind: fc.constant('redirect' as const),
    to: fc.oneof(fc.constant('self'), fc.webUrl({ withQueryParameters: true })),
  }),
  fc.record({ kind: fc.constant('trickle' as const), bytesPerSecond: fc.integer({ min: 1, max: 1e9 }) }),
  fc.record({
    kind: fc.constant('change-etag' as const),
    etag: fc.constantFrom('changed' as const, 'none' as const),
  }),
  fc.record({ kind: fc.constantFrom('html' as const, 'expired' as const, 'chunked' as const) }),
  fc.record({
    kind: fc.constant('answer' as const),
    body: fc.json().map((text) => text.replaceAll(/[<>]/g, '')),
  }),
  fc.record({ kind: fc.constant('no-range' as const) }),
);
const anyRule: fc.Arbitrary<FaultRule> = fc
  .record(
    {
      on: fc.constantFrom(...FAULT_TARGETS),
      id: fc.oneof(fc.uuid(), fc.constant('archive/2026/11/23/call.enc')),
      times: fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.constant(Number.POSITIVE_INFINITY)),
      probability: fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100),
      skip: fc.nat({ max: 1e6 }),
      fault: anyFault,
    },
    { requiredKeys: ['on', 'fault'] },
  )
  .filter((rule) => isAccepted(rule));

/** Not every target can suffer everything; which ones is tested elsewhere. */
function isAccepted(rule: FaultRule): boolean {
  try {
    checkRule(rule);
    return true;
  } catch {
    return false;
  }
}

describe('parseFault', () => {
  it('reads back every rule that can be written', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        expect(parseFault(formatFault(rule))).toEqual(rule);
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, FaultRule]>([
    [
      'download:cut@50%x3',
      { on: 'download', times: 3, fault: { kind: 'cut', atByte: '50%', keepLength: true } },
    ],
    ['media:503', { on: 'media', fault: { kind: 'status', status: 503 } }],
    ['media:throttle', { on: 'media', fault: { kind: 'throttle', retryAfter: 'absent' } }],
    [
      'token:throttle=date+5x*~25%+2',
      {
        on: 'token',
        times: Number.POSITIVE_INFINITY,
        probability: 0.25,
        skip: 2,
        fault: { kind: 'throttle', retryAfter: { httpDateIn: 5 } },
      },
    ],
    [
      'download#a1:redirect=<http://127.0.0.2:9/x3~25%+2?a=b>x2',
      {
        on: 'download',
        id: 'a1',
        times: 2,
        fault: { kind: 'redirect', to: 'http://127.0.0.2:9/x3~25%+2?a=b' },
      },
    ],
    ['download:cut-open@1000', { on: 'download', fault: { kind: 'cut', atByte: 1000, keepLength: false } }],
    ['download:etag-changed', { on: 'download', fault: { kind: 'change-etag', etag: 'changed' } }],
    ['interaction:reset', { on: 'interaction', fault: { kind: 'reset' } }],
  ])('reads %s', (text, rule) => {
    expect(parseFault(text)).toEqual(rule);
  });

  it.each([
    ['', 'not of the form'],
    ['download', 'not of the form'],
    ['download:cut@50%x', 'not of the form'],
    ['downlaod:html', '"downlaod" is no target'],
    ['download:explode', '"explode" is no fault'],
    ['download:cut', 'cut: needs a place in the body'],
    ['download:cut=5', 'cut: needs a place in the body'],
    ['download:cut@150%', 'the offset must be'],
    ['download:html=1', 'html: takes no value'],
    ['download:503@5', '503: takes no value'],
    ['download:200', 'status must be from 400 to 599'],
    ['media:throttle=later', 'throttle: needs seconds'],
    ['media:no-range', 'only a download'],
    ['s3:html', 'the S3 endpoint can suffer status'],
    ['s3:cut@50%', 'not a percentage'],
    ['s3:cut-open@5', 'always states a length'],
    ['s3:418', 'errors of the status 400'],
    ['media:htmlx0', 'times must be'],
    ['media:html~0%', 'probability must be'],
    ['media:html~101%', 'probability must be'],
    ['media:trickle=0', 'bytesPerSecond must be'],
    ['media:redirect=http://host/', 'redirect: needs an address'],
  ])('refuses %j and says what is wrong', (text, problem) => {
    expect(() => parseFault(text)).toThrow(
      expect.objectContaining({
        name: 'SimulatorError',
        message: expect.stringContaining(problem) as string,
      }),
    );
  });

  it('answers any text with a rule or a SimulatorError that names no query', () => {
    const near = fc
      .tuple(anyRule.map(formatFault), fc.nat(), fc.string({ maxLength: 3 }))
      .map(
        ([text, at, noise]) => text.slice(0, at % text.length) + noise + text.slice((at % text.length) + 1),
      );
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        try {
          expect(FAULT_TARGETS).toContain(parseFault(text).on);
        } catch (error) {
          expect(error).toBeInstanceOf(SimulatorError);
        }
      }),
      { numRuns: 1000 },
    );
    expect(() => parseFault('nowhere:redirect=<http://h/?signature=secret>')).not.toThrow(/secret/);
  });

  it('is explained by the help text, kind by kind', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        const kind = /:([a-z-]+)/.exec(formatFault({ on: rule.on, fault: rule.fault }))?.[1];
        expect(FAULT_GRAMMAR).toContain(kind);
      }),
    );
  });
});
