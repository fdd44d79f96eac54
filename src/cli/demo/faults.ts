import type { FaultKind, FaultRule } from '../../../packages/simulator/src/faults.ts';
import type { SimulatedRequest, Simulator } from '../../../packages/simulator/src/simulator.ts';

/** One thing that goes wrong in the demo, always for the same call. */
export interface PlannedFault {
  readonly title: string;
  readonly recordingId: string;
  /** Counts, among the requests the simulator has seen, those that were struck. */
  readonly struck: (requests: readonly SimulatedRequest[]) => number;
}

interface Template {
  readonly title: string;
  readonly on: FaultRule['on'];
  readonly rules: readonly Omit<FaultRule, 'on' | 'id'>[];
  /** The kind that is counted. */
  readonly counted: FaultKind;
}

/** An address no request must ever reach: RFC 2606 reserves the name. */
const ELSEWHERE = 'https://somewhere-else.example/recording.wav';

/** Every way a request can fail, once. The order decides which call suffers it. */
const TEMPLATES: readonly Template[] = [
  one('429, Retry-After 1 s, on the look-up', 'media', { kind: 'throttle', retryAfter: 1 }),
  one('429, Retry-After as a date, on the write-back', 'interaction', {
    kind: 'throttle',
    retryAfter: { httpDateIn: 2 },
  }),
  one('503 on the look-up', 'media', { kind: 'status', status: 503 }),
  one('500 on the write-back', 'interaction', { kind: 'status', status: 500 }),
  one('connection reset, look-up', 'media', { kind: 'reset' }),
  one('token expired, look-up (401)', 'media', { kind: 'expired' }),
  one('503 from the media host', 'download', { kind: 'status', status: 503 }),
  one('connection reset, download at 50%', 'download', { kind: 'reset', afterBytes: '50%' }),
  one('download cut at 60%', 'download', { kind: 'cut', atByte: '60%', keepLength: true }),
  one('download cut at 40%, no length given', 'download', { kind: 'cut', atByte: '40%', keepLength: false }),
  one('download stalls at 30%', 'download', { kind: 'stall', afterBytes: '30%' }),
  {
    title: 'file changes during the download',
    on: 'download',
    rules: [
      { fault: { kind: 'cut', atByte: '50%', keepLength: true } },
      { skip: 1, fault: { kind: 'change-etag', etag: 'changed' } },
    ],
    counted: 'change-etag',
  },
  one('HTML page with status 200', 'download', { kind: 'html' }),
  one('download link expired (403)', 'download', { kind: 'expired' }),
  one('redirect to the same host', 'download', { kind: 'redirect', to: 'self' }),
  one('redirect to another host', 'download', { kind: 'redirect', to: ELSEWHERE }),
  one('complete, but no length given', 'download', { kind: 'chunked' }),
];

function one(title: string, on: FaultRule['on'], fault: FaultRule['fault']): Template {
  return { title, on, rules: [{ fault }], counted: fault.kind };
}

/** Arms one fault for each recording, spread over all of them, as far as there are recordings. */
export function armFaults({ faults, recordings }: Simulator, ids: readonly string[]): PlannedFault[] {
  const stride = Math.max(1, Math.floor(ids.length / TEMPLATES.length));
  return TEMPLATES.flatMap(({ title, on, rules, counted }, index) => {
    const recording = recordings.find(({ id }) => id === ids[index * stride + stride - 1]);
    if (recording === undefined) return [];
    const id = on === 'interaction' ? recording.interactionId : recording.id;
    for (const rule of rules) faults.add({ ...rule, on, id });
    return [
      {
        title,
        recordingId: recording.id,
        struck: (requests) =>
          requests.filter((request) => request.id === id && request.faults.includes(counted)).length,
      },
    ];
  });
}
