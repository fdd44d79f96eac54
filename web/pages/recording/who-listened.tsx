import { getJson } from '../../api.ts';
import type { AccessPage } from '../../api-types.ts';
import { useSession } from '../../session.ts';
import { Show, useLoad } from '../../ui/load.tsx';
import { heardText } from '../access-words.ts';
import { Time } from '../../ui/time.tsx';

/** Who did what with one recording. */
export function WhoListened({ recording }: { readonly recording: string }) {
  const { archive, to } = useSession();
  const load = useLoad(recording, (signal) =>
    getJson<AccessPage>('/api/access', { archive, recording, limit: 20 }, signal),
  );
  return (
    <section class="card" aria-label="Who looked and listened">
      <h2>Who looked and listened</h2>
      <Show load={load} what="the access log">
        {({ items }) =>
          items.length === 0 ? (
            <p>No access is on record.</p>
          ) : (
            <ul class="bare">
              {items.map((entry) => (
                <li key={`${entry.session}/${entry.n}`}>
                  <Time at={entry.at} /> <strong>{entry.who}</strong> {entry.action}
                  {entry.outcome === 'refused' ? ', refused' : ''}
                  {entry.heard === undefined ? '' : `, heard ${heardText(entry.heard)}`}
                  {entry.reason === undefined ? '' : `: ${entry.reason}`}
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      <p>
        <a href={to('access', '', new URLSearchParams({ recording }))}>All entries of this recording</a>
      </p>
    </section>
  );
}
