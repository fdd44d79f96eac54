import type { S3Answer, S3Call, S3Operation } from './call.ts';
import { listObjects, listParts, listUploads } from './listing.ts';
import { listVersions } from './list-versions.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './multipart.ts';
import {
  getLegalHold,
  getLockConfiguration,
  getRetention,
  putLegalHold,
  putRetention,
  putTagging,
} from './object-lock.ts';
import { copyObject, deleteObject, getObject, getTagging, putObject } from './objects.ts';

/** What works on a bucket; `ListBuckets` alone does not. */
export const OPERATIONS: Readonly<
  Record<Exclude<S3Operation, 'ListBuckets'>, (call: S3Call) => S3Answer | Promise<S3Answer>>
> = {
  HeadBucket: () => ({ status: 200 }),
  ListObjectsV2: listObjects,
  ListMultipartUploads: listUploads,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  PutObjectLegalHold: putLegalHold,
  PutObjectRetention: putRetention,
  GetObjectLockConfiguration: getLockConfiguration,
  GetObjectLegalHold: getLegalHold,
  GetObjectRetention: getRetention,
  GetObjectTagging: getTagging,
  PutObjectTagging: putTagging,
  ListObjectVersions: listVersions,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
};
