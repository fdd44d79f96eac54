import { useEffect, useState } from 'preact/hooks';
import { getJson, postJson } from '../api.ts';
import type { JobShape, WorkPage } from '../api-types.ts';
import { bytesText, countText, counted, spanText } from '../format.ts';
import { Heading } from '../frame.tsx';
import { useSession } from '../session.ts';
import { useAction } from '../ui/action.tsx';
import { Field } from '../ui/field.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { Badge, Empty, type Tone } from '../ui/status.tsx';
import { Time } from '../ui/time.tsx';

/** ms */
const LOOK_MS = 3000;
const AT_WORK: ReadonlySet<JobShape['state']> = new Set(['planning', 'running', 'resting', 'waiting']);

/** Jobs: how far they are, how fast, what failed. */
export function Work() {
  const { archive } = useSession();
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const load = useLoad(`${archive ?? ''}/${cursor ?? ''}`, (signal) =>
    getJson<WorkPage>('/api/work', { archive, cursor }, signal),
  );
  const { result, reload } = load;
  const isMoving = result.state === 'ready' && result.data.items.some(({ state }) => AT_WORK.has(state));
  useEffect(() => {
    if (!isMoving) return undefined;
    const timer = setTimeout(() => document.visibilityState === 'visible' && reload(), LOOK_MS);
    return () => clearTimeout(timer);
  }, [result, isMoving]);
  return (
    <>
      <Heading title="Work" />
      <Show load={load} what="the jobs">
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title="No job was ever planned">
              <p>
                <code>genesys-archive backfill</code> fetches what is from before;{' '}
                <code>genesys-archive verify</code> checks what is there.
              </p>
            </Empty>
          ) : (
            <>
              <ul class="jobs">
                {items.map((job) => (
                  <li key={job.id} class="card">
                    <Job job={job} onChanged={reload} />
                  </li>
                ))}
              </ul>
              {cursors.length === 0 ? null : (
                <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
                  Newer jobs
                </button>
              )}
              {next === null ? null : (
                <button type="button" onClick={() => setCursors([...cursors, next])}>
                  Older jobs
                </button>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

const TONES: Readonly<Record<JobShape['state'], Tone>> = {
  planning: 'plain',
  running: 'plain',
  resting: 'wait',
  waiting: 'wait',
  paused: 'wait',
  cancelled: 'wait',
  finished: 'good',
};

interface JobProps {
  readonly job: JobShape;
  readonly onChanged: () => void;
}

function Job({ job, onChanged }: JobProps) {
  const { can } = useSession();
  const {
    id,
    kind,
    name,
    state,
    createdAt,
    createdBy,
    items,
    done,
    failed,
    bytes,
    rate,
    runners,
    etaS,
    failures,
    limitedBy,
    stoppedBy,
  } = job;
  const settled = done + failed;
  const title = `${kind}${name === undefined ? '' : ` “${name}”`}`;
  return (
    <>
      <h2>
        {title} <Badge tone={TONES[state]}>{state}</Badge>
      </h2>
      <progress max={Math.max(1, items)} value={settled} aria-label={`Progress of ${title}`} />
      <p>
        {countText(settled)} of {counted(items, 'item')}, {bytesText(bytes)}
        {failed === 0 ? ', none failed' : `, ${countText(failed)} failed`}
        {AT_WORK.has(state)
          ? `; ${counted(runners, 'runner')}; ${etaS === null ? 'time left unknown' : `about ${spanText(etaS)} left`}`
          : ''}
        ; {limitedBy === undefined ? '' : `limited by ${limitedBy}; `}
        {stoppedBy === undefined ? '' : `the last runner stopped with ${stoppedBy}; `}
        {rate === 'yield' ? 'rate: what live calls leave free' : `at most ${countText(rate)} items a minute`}
      </p>
      <p class="hint">
        <code>{id}</code>, planned by {createdBy}, <Time at={createdAt} />
      </p>
      {failures.length === 0 ? null : <Failures job={job} />}
      {can('operate') && state !== 'finished' && state !== 'cancelled' ? (
        <Control job={job} onChanged={onChanged} />
      ) : null}
    </>
  );
}

function Failures({ job: { id, failures } }: { readonly job: JobShape }) {
  return (
    <details>
      <summary>Failures by code</summary>
      <ul>
        {failures.map(({ code, count }) => (
          <li key={code}>
            <code>{code}</code>: {countText(count)}; what it means is in docs/errors.md under this code
          </li>
        ))}
      </ul>
      <p>
        To try them once more: <code>genesys-archive jobs retry {id}</code>
      </p>
    </details>
  );
}

function Control({ job: { id, kind, state, rate }, onChanged }: JobProps) {
  const { archive } = useSession();
  const [stated, setStated] = useState(String(rate));
  const { run, isRunning, report } = useAction<void>('the change');
  const change = (wish: object) =>
    run(async () => {
      await postJson(`/api/work/${encodeURIComponent(id)}/control`, {
        ...(archive !== undefined && { archive }),
        ...wish,
      });
      onChanged();
    });
  const asked = stated.trim() === 'yield' ? 'yield' : Number(stated);
  const isRate = asked === 'yield' || asked > 0;
  return (
    <form
      class="actions"
      aria-label={`Control of ${kind} ${id}`}
      onSubmit={(event) => {
        event.preventDefault();
        void change({ rate: asked });
      }}
    >
      <button
        type="button"
        disabled={isRunning}
        onClick={() => void change({ wish: state === 'paused' ? 'run' : 'pause' })}
      >
        {state === 'paused' ? 'Resume' : 'Pause'}
      </button>
      <Field label="Rate" hint={isRate ? 'items a minute, or yield' : 'write a number, or yield'}>
        {({ id: field, described }) => (
          <input
            id={field}
            type="text"
            size={8}
            value={stated}
            aria-invalid={!isRate}
            aria-describedby={described}
            onInput={({ currentTarget: { value } }) => setStated(value)}
          />
        )}
      </Field>
      <button type="submit" disabled={isRunning || !isRate}>
        Set the rate
      </button>
      {report}
    </form>
  );
}
