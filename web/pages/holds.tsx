import { useState } from 'preact/hooks';
import { getJson, postJson } from '../api.ts';
import type { HoldRecordings, HoldShape, HoldsList } from '../api-types.ts';
import { counted } from '../format.ts';
import { Heading } from '../frame.tsx';
import { pastedIds } from '../route.ts';
import { useSession } from '../session.ts';
import { useAction } from '../ui/action.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { Alert, Badge, Empty, Facts } from '../ui/status.tsx';
import { Time } from '../ui/time.tsx';
import { HoldDialog } from './keep-dialogs.tsx';

/** Holds: what is kept, for which matter, by whom, and that it was released. */
export function Holds() {
  const { archive } = useSession();
  const load = useLoad(archive ?? '', (signal) => getJson<HoldsList>('/api/holds', { archive }, signal));
  const [releasing, setReleasing] = useState<HoldShape>();
  return (
    <>
      <Heading title="Holds" />
      <p class="lead">
        What is on hold is kept: neither retention nor erasure removes it. A hold stands as a signed object in
        the archive, and its release is a second one beside it.
      </p>
      <NewHold onHeld={load.reload} />
      <Show load={load} what="the holds">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No hold was ever placed">
              <p>Choose recordings in the search, or paste ids above.</p>
            </Empty>
          ) : (
            <ul class="jobs">
              {items.map((hold) => (
                <li key={hold.id} class="card">
                  <Hold hold={hold} onRelease={() => setReleasing(hold)} />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      {releasing === undefined ? null : (
        <ReleaseDialog hold={releasing} onClose={() => setReleasing(undefined)} onReleased={load.reload} />
      )}
    </>
  );
}

function NewHold({ onHeld }: { readonly onHeld: () => void }) {
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const ids = pastedIds(text);
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        setOpen(true);
      }}
    >
      <TextField
        label="Ids of recordings to hold"
        lines={2}
        value={text}
        onInput={setText}
        hint={ids.length === 0 ? 'paste as many as you like' : counted(ids.length, 'id')}
      />
      <button type="submit" disabled={ids.length === 0}>
        Place a hold
      </button>
      {open ? <HoldDialog ids={ids} onClose={() => setOpen(false)} onHeld={onHeld} /> : null}
    </form>
  );
}

interface HoldProps {
  readonly hold: HoldShape;
  readonly onRelease: () => void;
}

const SIGNATURES: Readonly<Record<HoldShape['signature'], string>> = {
  valid: 'valid',
  unsigned: 'not signed',
  'not-valid': 'not valid',
  'not-asked': 'not checked: no key is configured',
};

function Hold({ hold, onRelease }: HoldProps) {
  const { id, matter, reason, by, at, selection, objects, signature, released, doubt } = hold;
  return (
    <>
      <h2>
        {matter}{' '}
        {released === null ? <Badge tone="hold">on hold</Badge> : <Badge tone="plain">released</Badge>}
      </h2>
      {signature === 'not-valid' ? (
        <Alert kind="damaged" title="The signature of this hold is not valid" />
      ) : null}
      {doubt === undefined ? null : (
        <Alert kind="damaged" title="Something stands in the place of its release, and does not end the hold">
          <p>{doubt}</p>
        </Alert>
      )}
      <Facts
        items={[
          ['Hold', <code key="id">{id}</code>],
          ['Reason', reason ?? 'none stated'],
          [
            'Placed',
            <span key="placed">
              <Time at={at} /> by {by}
            </span>,
          ],
          ['Holds', `${counted(objects, 'object')}: ${selection}`],
          ['Signature', SIGNATURES[signature]],
          ...(released === null
            ? []
            : ([
                [
                  'Released',
                  <span key="released">
                    <Time at={released.at} /> by {released.by}
                    {released.reason === undefined ? '' : `: ${released.reason}`}
                  </span>,
                ],
              ] as const)),
        ]}
      />
      <HeldRecordings hold={id} />
      {released === null ? (
        <button type="button" onClick={onRelease}>
          Release the hold
        </button>
      ) : null}
    </>
  );
}

function HeldRecordings({ hold }: { readonly hold: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Its recordings</summary>
      {open ? <HeldList hold={hold} /> : null}
    </details>
  );
}

function HeldList({ hold }: { readonly hold: string }) {
  const { archive, to } = useSession();
  const [cursor, setCursor] = useState<string>();
  const load = useLoad(`${hold}/${cursor ?? ''}`, (signal) =>
    getJson<HoldRecordings>(`/api/holds/${encodeURIComponent(hold)}/recordings`, { archive, cursor }, signal),
  );
  return (
    <Show load={load} what="its recordings">
      {({ items, next }) => (
        <>
          <ul>
            {items.map(({ key, recording, channel }) => (
              <li key={key}>
                <a href={to('r', recording, new URLSearchParams(channel === undefined ? {} : { channel }))}>
                  <code>{recording}</code>
                </a>
              </li>
            ))}
          </ul>
          {next === null ? null : (
            <button type="button" onClick={() => setCursor(next)}>
              More
            </button>
          )}
        </>
      )}
    </Show>
  );
}

interface ReleaseProps {
  readonly hold: HoldShape;
  readonly onClose: () => void;
  readonly onReleased: () => void;
}

function ReleaseDialog({ hold, onClose, onReleased }: ReleaseProps) {
  const { archive, me } = useSession();
  const [reason, setReason] = useState('');
  const { run, isRunning, report } = useAction<void>('the release');
  const release = () =>
    run(async () => {
      await postJson(`/api/holds/${encodeURIComponent(hold.id)}/release`, {
        ...(archive !== undefined && { archive }),
        reason: reason.trim(),
      });
      onReleased();
      onClose();
    });
  return (
    <Dialog title={`Release ${hold.matter}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void release();
        }}
      >
        <p>
          {counted(hold.objects, 'object')} may be removed afterwards, by retention or erasure, unless another
          hold is on them.{' '}
          {hold.by === me.name
            ? 'You placed this hold: where two persons are required, another one releases it.'
            : ''}
        </p>
        <TextField label="Reason" value={reason} onInput={setReason} required />
        {report}
        <div class="actions">
          <button type="submit" class="primary" disabled={isRunning || reason.trim() === ''}>
            Release the hold
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
