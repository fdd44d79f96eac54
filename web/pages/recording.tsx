import { useMemo, useRef, useState } from 'preact/hooks';
import { getJson } from '../api.ts';
import type { RecordingDetail, RecordingFile } from '../api-types.ts';
import { bytesText, clock } from '../format.ts';
import { Heading } from '../frame.tsx';
import { goTo } from '../navigate.ts';
import { Player } from '../player/player.tsx';
import { Transcript } from '../player/transcript.tsx';
import type { Route } from '../route.ts';
import { useSession } from '../session.ts';
import { ChoiceField } from '../ui/field.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { Empty, Facts } from '../ui/status.tsx';
import { Time } from '../ui/time.tsx';
import { contextOf, marksOf } from './recording/context.ts';
import { ContextCard } from './recording/context-card.tsx';
import { Custody, ReceiptText } from './recording/custody.tsx';
import { KeepActions } from './keep-actions.tsx';
import { lastList } from './recordings/last-list.ts';
import { State } from './recording/state.tsx';
import { VerificationCard } from './recording/verification-card.tsx';
import { WhoListened } from './recording/who-listened.tsx';

/** One recording: to hear, read, check, hold and export. */
export function Recording({ route: { id, query } }: { readonly route: Route }) {
  const { archive, to } = useSession();
  const channel = query.get('channel') ?? undefined;
  const load = useLoad(id, (signal) =>
    getJson<RecordingDetail>(`/api/recordings/${encodeURIComponent(id)}`, { archive }, signal),
  );
  return (
    <>
      <Heading title="Recording">
        <code class="whole-id">{id}</code>
      </Heading>
      <p>
        <a href={lastList() === '' ? to('recordings') : lastList()}>Back to the recordings</a>
      </p>
      <Show load={load} what="the recording">
        {(detail) => (
          <Detail
            key={channel}
            detail={detail}
            channel={channel}
            onChannel={(chosen) => goTo(to('r', id, new URLSearchParams({ channel: chosen })))}
            onHeld={load.reload}
          />
        )}
      </Show>
    </>
  );
}

interface DetailProps {
  readonly detail: RecordingDetail;
  readonly channel: string | undefined;
  readonly onChannel: (channel: string) => void;
  readonly onHeld: () => void;
}

function Detail({ detail, channel, onChannel, onHeld }: DetailProps) {
  const { can } = useSession();
  const [position, setPosition] = useState(0);
  const seek = useRef<((at: number) => void) | null>(null);
  const context = useMemo(() => contextOf(detail.context), [detail]);
  const marks = useMemo(() => marksOf(context, detail.id), [context]);
  const file = detail.files.find((one) => one.channel === channel) ?? detail.files.at(-1);
  const moveTo = (at: number) => seek.current?.(at);
  return (
    <>
      <div class="card">
        <Facts items={overview(detail, file)} />
        <KeepActions ids={[detail.id]} onHeld={onHeld} />
      </div>
      {detail.files.length < 2 ? null : (
        <ChoiceField
          label="File"
          value={file?.channel ?? ''}
          choices={detail.files.map((one) => [one.channel ?? '', describeFile(one)])}
          onInput={onChannel}
        />
      )}
      <div class="columns">
        <div>
          {file === undefined ? (
            <Empty title="No file was archived of this recording" />
          ) : (
            <Player
              recording={detail.id}
              file={file}
              seconds={detail.seconds}
              marks={marks}
              onPosition={setPosition}
              seek={seek}
            />
          )}
          {can('read') ? (
            <Transcript recording={detail.id} channel={file?.channel} position={position} onSeek={moveTo} />
          ) : null}
          <ContextCard state={detail.contextState} context={context} />
        </div>
        <div>
          {can('verify') && file !== undefined ? (
            <VerificationCard recording={detail.id} channel={file.channel} />
          ) : null}
          <Custody detail={detail} />
          {can('oversee') ? <WhoListened recording={detail.id} /> : null}
          <ReceiptText receipt={detail.receipt} />
        </div>
      </div>
    </>
  );
}

const describeFile = ({ channel, version, state }: RecordingFile): string =>
  `${channel === undefined ? 'all channels' : `channel ${channel}`}, version ${version}, ${state}`;

function overview(detail: RecordingDetail, file: RecordingFile | undefined) {
  return [
    ['Recorded', <Time key="at" at={detail.recordedAt} />],
    ['State', <State key="state" row={detail} />],
    ['Conversation', detail.conversation === null ? undefined : <code key="c">{detail.conversation}</code>],
    ['Length', detail.seconds === undefined ? undefined : `${clock(detail.seconds)}, of the conversation`],
    ['Size', file?.bytes === undefined || file.bytes === null ? undefined : bytesText(file.bytes)],
    ['Format', file?.format ?? file?.contentType],
    ['Direction', detail.direction],
    ['Queue', detail.queues?.map(({ id, name = id }) => name).join(', ')],
    ['Wrap-up', detail.wrapUps?.map(({ id, name = id }) => name).join(', ')],
    ['Holds', detail.held ? (detail.holds?.join(', ') ?? 'on hold') : 'none'],
  ] as const;
}
