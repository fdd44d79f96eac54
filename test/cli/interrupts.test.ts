import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForInterrupts } from '../../src/cli/_interrupts.ts';

describe('listenForInterrupts', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s: first stops the work, second ends the process',
    (name) => {
      const said: string[] = [];
      const exits: number[] = [];
      const source = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
      const signal = listenForInterrupts({ say: (line) => said.push(line) }, source);
      expect(signal.aborted).toBe(false);
      source.emit(name);
      expect(signal.reason).toMatchObject({ code: 'INTERRUPTED', retryable: true });
      expect([said.length, exits]).toEqual([1, []]);
      source.emit('SIGINT');
      expect([said.length, exits]).toEqual([1, [130]]);
    },
  );
});
