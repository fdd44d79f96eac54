import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { getJson } from '../api.ts';
import type { Transcript as Shape } from '../api-types.ts';
import { ApiError } from '../api.ts';
import { clock, counted } from '../format.ts';
import { useSession } from '../session.ts';
import { Field } from '../ui/field.tsx';
import { Show, useLoad } from '../ui/load.tsx';

interface TranscriptProps {
  readonly recording: string;
  readonly channel: string | undefined;
  readonly position: number;
  readonly onSeek: (at: number) => void;
}

/** What was said, beside the sound: the turn that is heard is marked, a press on a turn goes there. */
export function Transcript({ recording, channel, position, onSeek }: TranscriptProps) {
  const { archive } = useSession();
  const load = useLoad(`${recording}/${channel ?? ''}`, async (signal) => {
    const address = `/api/recordings/${encodeURIComponent(recording)}/transcript`;
    try {
      return await getJson<Shape>(address, { archive, channel }, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  });
  return (
    <section aria-label="Transcript" class="card">
      <h2>Transcript</h2>
      <Show load={load} what="the transcript">
        {(transcript) =>
          transcript === null ? (
            <p>None was archived with this recording.</p>
          ) : (
            <Turns transcript={transcript} position={position} onSeek={onSeek} />
          )
        }
      </Show>
    </section>
  );
}

interface TurnsProps {
  readonly transcript: Shape;
  readonly position: number;
  readonly onSeek: (at: number) => void;
}

/** Keeps the turn that is heard in view. */
function useFollowing(list: RefObject<HTMLOListElement | null>, heard: number, follows: boolean): void {
  useEffect(() => {
    const { current: element } = list;
    const turn = element?.querySelector<HTMLElement>('[aria-current]');
    // only the list scrolls, never the page
    if (follows && element && turn) element.scrollTop = turn.offsetTop - element.clientHeight / 3;
  }, [heard, follows]);
}

function Turns({ transcript: { turns, language }, position, onSeek }: TurnsProps) {
  const [wanted, setWanted] = useState('');
  const [follows, setFollows] = useState(true);
  const list = useRef<HTMLOListElement>(null);
  const current = turns.findLastIndex(({ start }) => start <= position);
  const heard = current >= 0 && position > 0 ? current : -1;
  const shown = turns
    .map((turn, index) => ({ ...turn, index }))
    .filter(({ text }) => text.toLowerCase().includes(wanted.toLowerCase()));
  useFollowing(list, heard, follows);
  return (
    <>
      <div class="actions">
        <Field label="Search the transcript">
          {({ id }) => (
            <input
              id={id}
              type="search"
              value={wanted}
              onInput={({ currentTarget: { value } }) => setWanted(value)}
            />
          )}
        </Field>
        <label class="check">
          <input
            type="checkbox"
            checked={follows}
            onChange={({ currentTarget }) => setFollows(currentTarget.checked)}
          />{' '}
          Follow
        </label>
        <span role="status" class="hint">
          {wanted === ''
            ? `${counted(turns.length, 'turn')}, ${language}`
            : `${counted(shown.length, 'turn')} found`}
        </span>
      </div>
      <ol class="turns" ref={list} tabIndex={0} aria-label="Turns" lang={language}>
        {shown.map(({ index, channel, start, text }) => (
          <li key={index}>
            <button
              type="button"
              class="turn"
              aria-current={index === heard ? 'true' : undefined}
              onClick={() => onSeek(start)}
            >
              <span class="turn-head">
                {clock(start)} {channel}
              </span>{' '}
              {text}
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
