import { describe, expect, it } from 'vitest';
import { FaultPlan, type Fault } from '../../packages/simulator/src/faults.ts';

const html: Fault = { kind: 'html' };
const busy: Fault = { kind: 'status', status: 503 };

describe('FaultPlan', () => {
  it('strikes once by default, and only its target', () => {
    const plan = new FaultPlan();
    plan.add({ on: 'media', fault: html });
    expect(plan.take('token')).toEqual([]);
    expect(plan.take('media')).toEqual([html]);
    expect(plan.take('media')).toEqual([]);
  });

  it('strikes only the recording it names', () => {
    const plan = new FaultPlan();
    plan.add({ on: 'media', id: 'b', fault: html });
    expect(plan.take('media', 'a')).toEqual([]);
    expect(plan.take('media')).toEqual([]);
    expect(plan.take('media', 'b')).toEqual([html]);
  });

  it('lets the first requests pass when told to, then strikes as often as told', () => {
    const plan = new FaultPlan();
    plan.add({ on: 'token', times: 2, skip: 1, fault: html });
    const struck = Array.from({ length: 5 }, () => plan.take('token').length);
    expect(struck).toEqual([0, 1, 1, 0, 0]);
  });

  it('strikes with one fault at a time, in the order they were added', () => {
    const plan = new FaultPlan();
    plan.add({ on: 'media', fault: html });
    plan.add({ on: 'media', fault: busy });
    expect(plan.take('media')).toEqual([html]);
    expect(plan.take('media')).toEqual([busy]);
  });

  it('combines those that only change how a response is sent', () => {
    const plan = new FaultPlan();
    const chunked: Fault = { kind: 'chunked' };
    const noTag: Fault = { kind: 'change-etag', etag: 'none' };
    const cut: Fault = { kind: 'cut', atByte: '50%', keepLength: true };
    for (const fault of [chunked, cut, noTag, html]) plan.add({ on: 'download', fault });
    expect(plan.take('download')).toEqual([chunked, cut, noTag]);
    expect(plan.take('download')).toEqual([html]);
  });

  it('draws the same lots for the same seed, at about the given rate', () => {
    const draw = (seed: number) => {
      const plan = new FaultPlan(seed);
      plan.add({ on: 'media', times: Number.POSITIVE_INFINITY, probability: 0.25, fault: html });
      return Array.from({ length: 4000 }, () => plan.take('media').length);
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const struck = draw(7).filter((count) => count > 0).length;
    expect(struck).toBeGreaterThan(900);
    expect(struck).toBeLessThan(1100);
  });

  it('counts what struck, and forgets what has not when cleared', () => {
    const plan = new FaultPlan();
    plan.add({ on: 'media', times: 2, fault: html });
    plan.add({ on: 'token', fault: busy });
    plan.take('media');
    plan.take('token');
    plan.clear();
    expect(plan.take('media')).toEqual([]);
    expect(plan.counts()).toEqual({ 'media:html': 1, 'token:status': 1 });
    expect(plan.injected()).toBe(2);
    expect(plan.injected('media')).toBe(1);
    expect(plan.injected(undefined, 'status')).toBe(1);
    expect(plan.injected('media', 'status')).toBe(0);
  });

  it('refuses rules that make no sense', () => {
    const plan = new FaultPlan();
    expect(() => plan.add({ on: 'media', times: 0, fault: html })).toThrow('times');
    expect(() => plan.add({ on: 'media', skip: -1, fault: html })).toThrow('skip');
    expect(() => plan.add({ on: 'media', probability: 1.5, fault: html })).toThrow('probability');
    expect(() => plan.add({ on: 'token', fault: { kind: 'no-range' } })).toThrow('only a download');
    expect(() => plan.add({ on: 'media', fault: { kind: 'status', status: 200 } })).toThrow('status');
    expect(() => plan.add({ on: 'media', fault: { kind: 'reset', afterBytes: '101%' } })).toThrow('offset');
    expect(plan.take('media')).toEqual([]);
  });
});
