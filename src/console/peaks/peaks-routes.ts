import { ArchiveError } from '../../errors.ts';
import { peaksPending, peaksQuery } from '../api-schema.ts';
import { jsonAnswer } from '../exchange.ts';
import { fileOf, locateRecording } from '../locate.ts';
import { route, type Route } from '../routes/route.ts';
import { slicePeaks } from './peak-maker.ts';

export const PEAKS_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/recordings/:id/peaks',
      needs: 'listen',
      summary:
        'the waveform between two times in seconds: `GMP1`, channels, points a second, two zeros, then for each point and channel the least and the greatest sample as int8. The first look at one in a session is an entry',
      query: peaksQuery,
      answers: [
        {
          status: 200,
          meaning: '`application/octet-stream`; at most `columns` points, at 32, 16, 8, 4, 2 or 1 a second',
        },
        { status: 202, shape: peaksPending },
        { status: 416, meaning: '`from` lies behind the end' },
      ],
      entry: 'waveform',
    },
    async ({ state, archive, session, params, query, budget }) => {
      const located = await locateRecording(archive, session, params['id'] ?? '', budget);
      const file = fileOf(located, query.channel);
      await state.seen.once(session, `${archive.name ?? ''} ${file.key}`, () =>
        state.access.write(archive, session, {
          action: 'waveform',
          recording: located.recordingId,
          key: file.key,
        }),
      );
      const answer = await state.peaks.of(archive, file, budget);
      if (answer.state === 'making') return jsonAnswer(202, { retryMs: answer.retryMs });
      if (answer.state === 'none') {
        const why =
          archive.reader === undefined
            ? 'no key is configured that opens the recording'
            : 'it is made of WAV alone, and this recording has another format';
        throw new ArchiveError('NO_PEAKS', why);
      }
      const peaks = slicePeaks(answer.peaks, query);
      if (peaks === undefined)
        throw new ArchiveError('RANGE_NOT_SATISFIABLE', '`from` lies behind the end of the recording');
      return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: peaks };
    },
  ),
];
