import { gatherBytes } from '../../gather-bytes.ts';
import { MAX_LISTING_BYTES, notAListing } from './listing-pages.ts';

interface RawAnswer {
  readonly statusCode?: unknown;
  body?: unknown;
}

interface HasMiddleware {
  readonly middlewareStack: {
    addRelativeTo(
      middleware: <Output extends { readonly response: unknown }>(
        next: (step: object) => Promise<Output>,
      ) => (step: object) => Promise<Output>,
      options: { readonly relation: 'after'; readonly toMiddleware: string; readonly name: string },
    ): void;
  };
}

/**
 * Makes the SDK refuse an answer that is not one whole XML document with the given root. Its own parser takes any root for the one
 * it expects, fills in what a document that was cut lacks, and reads an empty body as an empty listing.
 *
 * @param root e.g. `ListBucketResult`.
 */
export function requireDocument<Command extends object>(
  command: Command,
  root: string,
  what: string,
): Command {
  const { middlewareStack } = command as unknown as HasMiddleware;
  middlewareStack.addRelativeTo(
    (next) => async (step) => {
      const result = await next(step);
      const answer = result.response as RawAnswer;
      const { statusCode } = answer;
      if (typeof statusCode !== 'number' || statusCode < 200 || statusCode > 299) return result;
      // a part of an answer, or one that says it has no content, is no listing however well it reads
      if (statusCode !== 200) throw notAListing(what, `has status ${statusCode}`);
      const bytes = await readAnswer(answer.body, what);
      const problem = problemOf(bytes.toString('utf8'), root);
      if (problem !== undefined) throw notAListing(what, problem);
      answer.body = bytes;
      return result;
    },
    { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'requireDocument' },
  );
  return command;
}

async function readAnswer(body: unknown, what: string): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (body === undefined || body === null) return Buffer.alloc(0);
  const tooLong = () => notAListing(what, `has more than ${MAX_LISTING_BYTES} bytes`);
  return gatherBytes(body as AsyncIterable<Uint8Array>, MAX_LISTING_BYTES, tooLong);
}

function problemOf(text: string, root: string): string | undefined {
  const document = text.replace(/^\uFEFF/, '').trim();
  if (document === '') return 'is empty';
  const [, name] = /^(?:<\?xml[^>]*\?>\s*)?<([A-Za-z][A-Za-z0-9]*)[\s>/]/.exec(document) ?? [];
  // S3 may report a failure with status 200 after it has begun to answer
  if (name === 'Error') return undefined;
  if (name !== root) return `is no ${root}`;
  if (!document.endsWith(`</${root}>`)) return 'was cut short';
  // keys are escaped: the name of the root stands nowhere else
  return document.indexOf(`</${root}>`) < document.length - root.length - 3
    ? `is more than one ${root}`
    : undefined;
}
