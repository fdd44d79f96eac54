import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ApiAnswer, GenesysApi } from '../../src/genesys/api-client.ts';
import { askQuarantineFacts } from '../../src/genesys/quarantine-facts.ts';
import type { AskedFact } from '../../src/ports.ts';
import { failure } from '../failure.ts';

const IDS = { conversationId: 'c-1', recordingId: 'r-1' };
const CONVERSATION = {
  id: 'c-1',
  participants: [{ id: 'p-1' }, { id: 'p-2', queueId: 'q-1' }],
  divisions: [{ division: { id: 'd-1' } }],
};

function api(answers: { conversation?: [number, unknown]; annotations?: [number, unknown] }) {
  const asked: string[] = [];
  const call: GenesysApi['call'] = ({ path }) => {
    asked.push(path.at(-1) ?? '');
    const [status, body] = (path.at(-1) === 'annotations' ? answers.annotations : answers.conversation) ?? [
      500,
      '',
    ];
    return Promise.resolve({ status, text: JSON.stringify(body) } as ApiAnswer);
  };
  return { api: { call }, asked };
}

const ALL: readonly AskedFact[] = ['queues', 'divisions', 'annotations'];
const ask = (of: ReturnType<typeof api>, needed: readonly AskedFact[] = ALL) =>
  askQuarantineFacts(of.api, IDS, new Set(needed), unlimited);

describe('what rules of quarantine ask the platform', () => {
  it('is told as types, reasons and names of annotations, queues and divisions', async () => {
    const annotations = [
      { type: 'PII' },
      { type: 'Pause', reason: 'SecurePause' },
      { type: 'pause' },
      { name: 'Card' },
      7,
    ];
    const of = api({ conversation: [200, CONVERSATION], annotations: [200, annotations] });
    expect(await ask(of)).toEqual({
      queues: ['q-1'],
      divisions: ['d-1'],
      annotations: ['pii', 'securepause', 'pause', 'card'],
    });
  });

  it('is not asked for where no rule needs it', async () => {
    const of = api({ annotations: [200, []] });
    expect(await ask(of, ['annotations'])).toEqual({
      queues: undefined,
      divisions: undefined,
      annotations: [],
    });
    expect(of.asked).toEqual(['annotations']);
    const other = api({ conversation: [200, CONVERSATION] });
    expect(await ask(other, ['divisions'])).toMatchObject({ divisions: ['d-1'], annotations: undefined });
    expect(other.asked).toEqual(['c-1']);
  });

  it.each([403, 404])('is unknown where the platform answers %s', async (status) => {
    const of = api({ conversation: [status, {}], annotations: [status, {}] });
    expect(await ask(of)).toEqual({ queues: undefined, divisions: undefined, annotations: undefined });
  });

  it('is unknown, and not none, where a conversation has no participant and no division, or there are too many annotations', async () => {
    const many = Array.from({ length: 1_001 }, () => ({ type: 'x' }));
    const of = api({ conversation: [200, { id: 'c-1' }], annotations: [200, many] });
    expect(await ask(of)).toEqual({ queues: undefined, divisions: undefined, annotations: undefined });
  });

  it.each([
    [500, []],
    [200, { entities: [] }],
  ])('fails, so that the event comes again, where the answer is none: %s', async (status, body) => {
    const of = api({ conversation: [200, CONVERSATION], annotations: [status, body] });
    expect((await failure(ask(of))).code).toBe('GENESYS_BAD_RESPONSE');
  });
});
