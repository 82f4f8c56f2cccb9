/** Uppy 5, in a folder of its own: its packages have the names of Uppy 6's. */

export { default as AwsS3Five } from "@uppy/aws-s3";
export { default as UppyFive } from "@uppy/core";
