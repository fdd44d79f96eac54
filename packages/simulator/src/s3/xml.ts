/** The little XML that S3 speaks: documents are written from nested values, and one request document is read. */

import { S3Refusal } from './refusal.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

export type XmlValue = string | number | boolean | undefined | XmlFields | readonly XmlValue[];
export interface XmlFields {
  readonly [name: string]: XmlValue;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeXml(text: string): string {
  return (
    text
      .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
      // A parser would turn these into something else, or refuse them; S3 writes them as references too.
      // oxlint-disable-next-line eslint/no-control-regex -- control characters are legal in S3 keys
      .replace(/[\u0000-\u001f\u007f]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`)
  );
}

function renderElement(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item: XmlValue) => renderElement(name, item)).join('');
  if (typeof value === 'object') {
    const fields = Object.entries(value).map(([child, inner]) => renderElement(child, inner));
    return `<${name}>${fields.join('')}</${name}>`;
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

/** A response document. `undefined` fields are left out, arrays repeat their element. */
export function renderDocument(root: string, fields: XmlFields): string {
  const inner = Object.entries(fields).map(([name, value]) => renderElement(name, value));
  const namespace = root === 'Error' ? '' : ` xmlns="${NAMESPACE}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${inner.join('')}</${root}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  amp: '&',
  lt: '<',
  gt: '>',
  apos: "'",
  '#34': '"',
  '#x22': '"',
};

const unescapeXml = (text: string) =>
  text.replace(/&(#?\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

export interface ListedPart {
  readonly partNumber: number;
  /** Without quotes. */
  readonly etag: string;
  /** Element name to value, e.g. `ChecksumSHA256`. */
  readonly checksums: Readonly<Record<string, string>>;
}

/**
 * The parts of a `CompleteMultipartUpload` document, in the order they are listed.
 *
 * @throws `MalformedXML` also for an empty list.
 */
export function readPartList(xml: string): readonly ListedPart[] {
  if (!/<CompleteMultipartUpload[\s>]/.test(xml)) throw new S3Refusal('MalformedXML');
  const parts: ListedPart[] = [];
  for (const [, block = ''] of xml.matchAll(/<Part>([\s\S]*?)<\/Part>/g)) {
    const fields: Record<string, string> = {};
    for (const [, name = '', text = ''] of block.matchAll(/<(\w+)>([^<]*)<\/\1>/g)) {
      fields[name] = unescapeXml(text.trim());
    }
    const { PartNumber: number = '', ETag: etag, ...checksums } = fields;
    if (!/^\d{1,5}$/.test(number) || etag === undefined) throw new S3Refusal('MalformedXML');
    parts.push({ partNumber: Number(number), etag: etag.replaceAll('"', ''), checksums });
  }
  if (parts.length === 0) throw new S3Refusal('MalformedXML');
  return parts;
}
