import type { S3Answer, S3Call, S3Operation } from './call.ts';
import { listObjects, listParts, listUploads } from './listing.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './multipart.ts';
import { putLegalHold } from './legal-hold.ts';
import { listObjectVersions } from './versions.ts';
import { copyObject, deleteObject, getObject, putObject } from './objects.ts';

/** What works on a bucket; `ListBuckets` alone does not. */
export const OPERATIONS: Readonly<
  Record<Exclude<S3Operation, 'ListBuckets'>, (call: S3Call) => S3Answer | Promise<S3Answer>>
> = {
  HeadBucket: () => ({ status: 200 }),
  ListObjectsV2: listObjects,
  ListMultipartUploads: listUploads,
  ListObjectVersions: listObjectVersions,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  PutObjectLegalHold: putLegalHold,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
};
