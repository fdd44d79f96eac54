import { useEffect, useRef, useState } from 'preact/hooks';
import { getJson } from '../api.ts';
import type { CompletenessDay, MissingPage } from '../api-types.ts';
import { countText, counted } from '../format.ts';
import { useSession } from '../session.ts';
import { Copy } from '../ui/copy.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { Alert, Badge, Facts, type Tone, Unknown } from '../ui/status.tsx';

const STATEMENTS: Readonly<Record<CompletenessDay['statement'], readonly [Tone, string]>> = {
  none: ['wait', 'none yet'],
  unchecked: ['wait', 'not checked: no key of the log is configured'],
  provisional: ['wait', 'verifies; provisional, another one follows'],
  sealed: ['good', 'sealed, and verifies'],
  broken: ['bad', 'does not verify'],
};

interface DayCardProps {
  readonly day: string;
  readonly onClose: () => void;
}

/** One day: its counts, its statement, what is missing and why, and the command that fetches it. */
export function DayCard({ day, onClose }: DayCardProps) {
  const { archive, to } = useSession();
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const load = useLoad(`${day}/${cursor ?? ''}`, (signal) =>
    getJson<MissingPage>(`/api/completeness/${encodeURIComponent(day)}`, { archive, cursor }, signal),
  );
  return (
    <section class="card day-card" aria-label={`Day ${day}`}>
      <div class="heading">
        <h2 ref={heading} tabIndex={-1}>
          {day}
        </h2>
        <button type="button" onClick={onClose}>
          Close the day
        </button>
      </div>
      <Show load={load} what={`the day ${day}`}>
        {(page) => (
          <>
            <Counts day={page.day} />
            <p>
              <a href={to('recordings', '', new URLSearchParams({ from: day, to: day }))}>
                Recordings of this day
              </a>
            </p>
            <Missing page={page} />
            {cursors.length === 0 ? null : (
              <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
                Previous page
              </button>
            )}
            {page.next === null ? null : (
              <button type="button" onClick={() => setCursors([...cursors, page.next ?? ''])}>
                Next page
              </button>
            )}
          </>
        )}
      </Show>
    </section>
  );
}

function Counts({ day }: { readonly day: CompletenessDay }) {
  const [tone, words] = STATEMENTS[day.statement];
  const asked = (count: number | null) => (count === null ? <Unknown>not asked</Unknown> : countText(count));
  return (
    <>
      {day.statement === 'broken' ? (
        <Alert kind="damaged" title="The statement of this day does not verify">
          <p>{day.why ?? 'The reason is not known.'} Do not rely on its figures; see docs/runbook.md.</p>
        </Alert>
      ) : null}
      <Facts
        items={[
          [
            'Statement',
            <Badge key="statement" tone={tone}>
              {words}
            </Badge>,
          ],
          ['Recorded by the platform', asked(day.recorded)],
          ['Archived', countText(day.archived)],
          ['Gone at the platform', countText(day.gone)],
          ['Pending', asked(day.pending)],
          ['Missing', asked(day.missing)],
        ]}
      />
    </>
  );
}

const WHY: Readonly<Record<string, string>> = {
  lost: 'was archived, and its object is not there any more',
  'never-announced': 'the platform never announced it',
};

function Missing({ page: { items, day, command } }: { readonly page: MissingPage }) {
  if (items.length === 0) {
    if (day.recorded === null) {
      return (
        <>
          <p>The day was not compared with the platform. To compare and seal it:</p>
          <Copy text={`genesys-archive seal --day ${day.date}`} />
        </>
      );
    }
    return <p>Nothing is listed as missing.</p>;
  }
  return (
    <>
      <h3>Missing: {counted(day.missing ?? items.length, 'recording')}</h3>
      <p>To fetch them, in a terminal:</p>
      <Copy text={command} />
      <div class="scroll" role="region" aria-label="Table of missing recordings" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Recording</th>
              <th scope="col">Conversation</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ recording, conversation, why }) => (
              <tr key={recording}>
                <th scope="row">
                  <code>{recording}</code>
                </th>
                <td>{conversation === undefined ? <Unknown /> : <code>{conversation}</code>}</td>
                <td>
                  {WHY[why] ?? why}
                  {why in WHY ? <span class="hint"> {why}</span> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
