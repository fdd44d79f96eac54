import type { RecordingDetail } from '../../api-types.ts';
import { Alert, Facts, Unknown } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import type { Context } from './context.ts';

interface ContextCardProps {
  readonly state: RecordingDetail['contextState'];
  readonly context: Context | undefined;
}

const WITHOUT: Readonly<Record<RecordingDetail['contextState'], string>> = {
  read: 'The context has an unknown form.',
  none: 'No context was archived with this recording.',
  'no-key': 'The console has no key that opens the context.',
  'not-allowed': 'Your roles do not include reading the context.',
  damaged: '',
};

/** Who took part, when, in which queue, with which result. */
export function ContextCard({ state, context }: ContextCardProps) {
  return (
    <section class="card" aria-label="Conversation">
      <h2>Conversation</h2>
      {state === 'damaged' ? (
        <Alert kind="damaged" title="The stored context is damaged and is not shown" />
      ) : context === undefined ? (
        <p>{WITHOUT[state]}</p>
      ) : (
        <>
          <Facts
            items={[
              ['Began', <Time key="began" at={context.startTime} />],
              ['Ended', <Time key="ended" at={context.endTime} />],
              ['Divisions', context.divisions.length === 0 ? undefined : context.divisions.join(', ')],
              ['External tag', context.externalTag ?? 'none'],
              ['As known on', <Time key="taken" at={context.takenAt} />],
            ]}
          />
          <div class="scroll" role="region" aria-label="Table of participants" tabIndex={0}>
            <table>
              <caption>Participants</caption>
              <thead>
                <tr>
                  <th scope="col">Role</th>
                  <th scope="col">From</th>
                  <th scope="col">To</th>
                  <th scope="col">Queue</th>
                  <th scope="col">User</th>
                  <th scope="col">Wrap-up</th>
                  <th scope="col" class="figure">
                    Holds
                  </th>
                </tr>
              </thead>
              <tbody>
                {context.participants.map((one, index) => (
                  <tr key={index}>
                    <th scope="row">{one.purpose ?? <Unknown />}</th>
                    <td>
                      <Time at={one.startTime} />
                    </td>
                    <td>
                      <Time at={one.endTime} />
                    </td>
                    <td>{one.queue ?? '–'}</td>
                    <td>{one.userId === undefined ? '–' : <code>{one.userId}</code>}</td>
                    <td>{one.wrapUp ?? '–'}</td>
                    <td class="figure">{one.holds}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}
