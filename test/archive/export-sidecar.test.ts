import { describe, expect, it } from 'vitest';
import { keepSidecar } from '../../src/archive/export-sidecar.ts';
import { unlimited } from '../../src/clock.ts';
import type { MediaItem } from '../../src/ports.ts';
import { mapStore } from './map-store.ts';

const KEY = 'org/year=2026/month=5/day=20/hour=8/conversation_id=c/r.wav';
const PLACE = `${KEY}_metadata.json`;
const item: MediaItem = {
  ids: { recordingId: 'r', conversationId: 'c' },
  url: 'https://media.example.com/r.wav',
  recordedAt: Date.UTC(2026, 4, 20, 8),
  file: { kind: 'call', extension: 'wav', subtype: 'Trunk', endedAt: Date.UTC(2026, 4, 20, 8, 1) },
  conversation: { startedAt: Date.UTC(2026, 4, 20, 7), provider: 'EDGE', direction: 'OUTBOUND' },
};

const text = (store: ReturnType<typeof mapStore>) => store.objects.get(PLACE)?.body.toString();

describe('the sidecar of an exported file', () => {
  it('says in one line what is known of it, under the names of the platform', async () => {
    const store = mapStore();
    await keepSidecar(store, item, KEY, unlimited);
    expect([...store.objects.keys()]).toEqual([PLACE]);
    expect(text(store)).toMatch(/^\{[^\n]+\}\n$/);
    expect(JSON.parse(text(store) ?? '')).toEqual({
      mediaType: 'Call',
      mediaSubtype: 'Trunk',
      provider: 'edge',
      conversationId: 'c',
      recordingId: 'r',
      startTime: '2026-05-20T08:00:00.000+0000',
      endTime: '2026-05-20T08:01:00.000+0000',
      durationMs: 60_000,
      initialDirection: 'outbound',
    });
  });

  it('says less when less is known, and nothing of a file of which nothing is', async () => {
    const store = mapStore();
    const { ids, url } = item;
    await keepSidecar(store, { ids, url }, KEY, unlimited);
    expect(store.objects.size).toBe(0);
    await keepSidecar(store, { ids, url, file: { kind: 'screen', extension: 'mp4' } }, KEY, unlimited);
    expect(text(store)).toBe('{"mediaType":"Screen","conversationId":"c","recordingId":"r"}\n');
  });

  it('is written once: a redelivery finds it, and one at the same time leaves the first', async () => {
    const store = mapStore();
    await keepSidecar(store, item, KEY, unlimited);
    const before = text(store);
    const later = { ...item, recordedAt: 0 };
    const put = store.put.bind(store);
    let writes = 0;
    store.put = (...asked) => {
      writes += 1;
      return put(...asked);
    };
    await keepSidecar(store, later, KEY, unlimited);
    expect([writes, text(store)]).toEqual([0, before]);
    store.head = () => Promise.resolve(undefined);
    await keepSidecar(store, later, KEY, unlimited);
    expect([writes, text(store)]).toEqual([1, before]);
  });
});
