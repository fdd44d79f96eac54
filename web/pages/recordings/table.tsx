import type { RecordingRow } from '../../api-types.ts';
import { bytesText, clock } from '../../format.ts';
import { useSession } from '../../session.ts';
import { Unknown } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { keyOf } from '../recording/key.ts';
import { State } from '../recording/state.tsx';

interface TableProps {
  readonly rows: readonly RecordingRow[];
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
}

/** One hundred rows, plain: find in page, print and screen readers work. */
export function RecordingsTable({ rows, chosen, onChoose }: TableProps) {
  const { can } = useSession();
  const selects = can('hold') || can('export');
  const all = rows.length > 0 && rows.every((row) => chosen.has(keyOf(row)));
  const choose = (row: RecordingRow, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(keyOf(row));
    else next.delete(keyOf(row));
    onChoose(next);
  };
  return (
    <div class="scroll" role="region" aria-label="Table of recordings" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {selects ? (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label="Choose all of this page"
                  checked={all}
                  onChange={() => onChoose(new Set(all ? [] : rows.map(keyOf)))}
                />
              </th>
            ) : null}
            <th scope="col">Recorded</th>
            <th scope="col">Recording</th>
            <th scope="col">Conversation</th>
            <th scope="col">Queue</th>
            <th scope="col">Agent</th>
            <th scope="col">Direction</th>
            <th scope="col" class="figure">
              Length
            </th>
            <th scope="col" class="figure">
              Size
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={keyOf(row)}
              row={row}
              isChosen={chosen.has(keyOf(row))}
              onChoose={selects ? (isChosen) => choose(row, isChosen) : undefined}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly row: RecordingRow;
  readonly isChosen: boolean;
  /** Absent for who has nothing to choose rows for. */
  readonly onChoose: ((isChosen: boolean) => void) | undefined;
}

function Row({ row, isChosen, onChoose }: RowProps) {
  const { to } = useSession();
  const { id, channel } = row;
  const address = to('r', id, new URLSearchParams(channel === undefined ? {} : { channel }));
  return (
    <tr class={isChosen ? 'chosen' : ''}>
      {onChoose === undefined ? null : (
        <td>
          <input
            type="checkbox"
            aria-label={`Choose ${id}`}
            checked={isChosen}
            onChange={({ currentTarget: { checked } }) => onChoose(checked)}
          />
        </td>
      )}
      <td>
        <Time at={row.recordedAt} />
      </td>
      <th scope="row">
        <a href={address}>
          <Id id={id} />
          {channel === undefined ? null : <span class="hint"> channel {channel}</span>}
        </a>
      </th>
      <td>{row.conversation === null ? <Unknown /> : <Id id={row.conversation} />}</td>
      <td>
        {row.queues === undefined ? <Unknown /> : row.queues.map(({ id, name = id }) => name).join(', ')}
      </td>
      <td>{row.agents === undefined ? <Unknown /> : row.agents.map((id) => <Id key={id} id={id} />)}</td>
      <td>{row.direction ?? <Unknown />}</td>
      <td class="figure">{row.seconds === undefined ? <Unknown /> : clock(row.seconds)}</td>
      <td class="figure">{row.bytes === null ? '–' : bytesText(row.bytes)}</td>
      <td>
        <State row={row} />
      </td>
    </tr>
  );
}

/** An id, cut by style alone: screen readers, find-in-page and copying have all of it. */
function Id({ id }: { readonly id: string }) {
  return (
    <code class="id" title={id}>
      {id}
    </code>
  );
}
