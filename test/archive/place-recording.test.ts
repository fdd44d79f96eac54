import { describe, expect, it } from 'vitest';
import { createLayout } from '../../src/record/layout.ts';
import { placeItem, placeTerminal } from '../../src/archive/place-recording.ts';
import { unlimited } from '../../src/clock.ts';
import type { ArchiveRequest, MediaItem } from '../../src/ports.ts';
import { fastClock } from '../fast-clock.ts';
import { mapStore } from './map-store.ts';

const ENDED = Date.UTC(2026, 4, 20, 23, 59);
const recordings: ArchiveRequest = { dialect: 'recordings', conversationId: 'c', endedAt: ENDED };
const media: ArchiveRequest = { dialect: 'media', mediaId: 'r', interactionId: 'c' };
const item: MediaItem = { ids: { recordingId: 'r', conversationId: 'c' }, url: 'https://example.com' };
const file = { kind: 'call', extension: 'wav' } as const;
const organizationId = '32aa07aa-db1b-4987-abd0-9483601ec29d';

const start = () => ({ store: mapStore(), clock: fastClock() });
const today = (at: number) => new Date(at).toISOString().slice(0, 10).replaceAll('-', '/');

describe('where a file is kept', () => {
  it('goes by the time that the platform states', async () => {
    const ports = start();
    const recordedAt = Date.UTC(2026, 0, 2);
    const place = await placeItem(ports, recordings, { ...item, recordedAt }, unlimited);
    expect(place).toEqual({ ids: item.ids, key: 'archive/2026/01/02/r.enc', at: recordedAt });
    expect(ports.store.objects.size).toBe(0);
  });

  it('else by the end of the conversation, as the first event stated it, not the next one', async () => {
    const ports = start();
    const first = await placeItem(ports, recordings, item, unlimited);
    expect(first).toEqual({ ids: item.ids, key: 'archive/2026/05/20/r.enc', at: ENDED });
    const later: ArchiveRequest = { ...recordings, endedAt: ENDED + 600_000 };
    expect(await placeItem(ports, later, item, unlimited)).toEqual(first);
    expect(await placeItem(ports, { dialect: 'recordings', conversationId: 'c' }, item, unlimited)).toEqual(
      first,
    );
    expect(
      await placeTerminal(
        ports,
        later,
        { ids: item.ids, reason: 'deleted', status: 'deleted', permanent: true },
        unlimited,
      ),
    ).toEqual(first);
  });

  it('else by the time it was first seen', async () => {
    const ports = start();
    const first = await placeItem(ports, media, item, unlimited);
    expect(first.key).toBe(`archive/${today(ports.clock.now())}/r.enc`);
    ports.clock.advance(86_400_000);
    expect(await placeItem(ports, media, item, unlimited)).toEqual(first);
  });

  it('by the start of the conversation alone in the layout of the export, without any claim', async () => {
    const ports = { ...start(), layout: createLayout({ name: 'genesys-export', organizationId }) };
    const conversation = { startedAt: Date.UTC(2026, 4, 9, 8) };
    const key = `${organizationId}/year=2026/month=5/day=9/hour=8/conversation_id=c/r.wav`;
    const at = conversation.startedAt;
    const known = { ...item, file, conversation, recordedAt: ENDED };
    expect(await placeItem(ports, recordings, known, unlimited)).toEqual({ ids: item.ids, key, at });
    const gone = {
      ids: item.ids,
      reason: 'deleted',
      status: 'deleted',
      permanent: true,
      file,
      conversation,
    } as const;
    expect(await placeTerminal(ports, recordings, gone, unlimited)).toEqual({ ids: item.ids, key, at });
    expect(ports.store.objects.size).toBe(0);
    await expect(placeItem(ports, media, { ...item, file }, unlimited)).rejects.toMatchObject({
      code: 'EVENT_INVALID',
      message: 'the layout genesys-export needs the start of the conversation',
    });
    await expect(placeItem(ports, recordings, { ...item, conversation }, unlimited)).rejects.toMatchObject({
      code: 'EVENT_INVALID',
    });
  });
});
