/** Asks witnesses (C2SP): a third party that signs a checkpoint only where it continues the one that it has signed before. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { HttpResponse, Transport } from '../http/transport.ts';
import type { WitnessAnswer, WitnessDoor } from '../ports.ts';

/** Bytes; a signature line has about 200. */
const MAX_ANSWER_BYTES = 16_384;

/** Digits of a size that fits into a number. */
const SIZE = /^(0|[1-9]\d{0,14})\n$/;

/** What its refusals mean, by status. https://c2sp.org/tlog-witness */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'could not read the request',
  403: 'knows no key that signed this checkpoint',
  404: 'does not know this log; ask its owner to add the origin and the public key',
  422: 'has cosigned another history: the checkpoint does not continue the one that it remembers',
};

/** @param url the submission prefix of the witness, which it states. */
export function createWitnessDoor(url: string, transport: Transport): WitnessDoor {
  const target = new URL(url.endsWith('/') ? `${url}add-checkpoint` : `${url}/add-checkpoint`);
  const name = target.host;
  return {
    name,
    async addCheckpoint(request, budget) {
      const response = await post(transport, target, request, budget);
      const { status } = response;
      if (status === 200) return { state: 'cosigned', lines: await readText(response, name) };
      if (status === 409) return readSize(await readText(response, name), name);
      response.discard();
      const refusal = REFUSALS[status];
      if (refusal !== undefined) throw refused(`${name} ${refusal}`);
      throw new ArchiveError('ANCHOR_UNAVAILABLE', `${name} answered ${status}`);
    },
  };
}

function post(transport: Transport, url: URL, text: string, budget: Budget): Promise<HttpResponse> {
  const body = Buffer.from(text);
  return transport.send({
    method: 'POST',
    url,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length) },
    body,
    signal: budget.signal,
    failure: 'ANCHOR_UNAVAILABLE',
  });
}

async function readText({ body }: HttpResponse, name: string): Promise<string> {
  const bytes = await gatherBytes(body, MAX_ANSWER_BYTES, () =>
    refused(`${name} answered with more than ${MAX_ANSWER_BYTES} bytes`),
  );
  return bytes.toString('utf8');
}

function readSize(text: string, name: string): WitnessAnswer {
  const [, digits] = SIZE.exec(text) ?? [];
  if (digits === undefined) throw refused(`${name} answered 409 without the size that it remembers`);
  return { state: 'other-size', size: Number(digits) };
}

function refused(problem: string): ArchiveError {
  return new ArchiveError('ANCHOR_REFUSED', problem);
}
