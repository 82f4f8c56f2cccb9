/** Other ways to send the picked files from a page to a store; each tells its milliseconds. */

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { AwsS3Five, UppyFive } from "./uppy5";

interface Task {
  /** Where the store is. */
  readonly url: string;
  readonly lanes: number;
  /** Bytes of a part. */
  readonly partSize: number;
}

const MARK = "X-Amz-Signature=none";

const picked = (): File[] => [...(document.querySelector<HTMLInputElement>("#files")?.files ?? [])];

function put(url: string, body: Blob): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.upload.onprogress = () => {};
    request.onload = () => (request.status === 200 ? resolve() : reject(new Error(request.responseText)));
    request.onerror = () => reject(new Error("no answer"));
    request.send(body);
  });
}

async function inLanes(lanes: number, jobs: (() => Promise<void>)[]): Promise<void> {
  const lane = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function partsOf(file: File, { url, partSize }: Task): (() => Promise<void>)[] {
  const count = Math.ceil(file.size / partSize);
  if (count <= 1) return [() => put(`${url}/b/${file.name}?${MARK}`, file)];
  return Array.from({ length: count }, (_, part) => () => {
    const bytes = file.slice(part * partSize, (part + 1) * partSize);
    return put(`${url}/b/${file.name}?partNumber=${part + 1}&uploadId=bare&${MARK}`, bytes);
  });
}

function address(url: string, key: string, query: Record<string, unknown>): string {
  const named = Object.entries(query).filter(([, value]) => value !== undefined);
  const words = named.map(([name, value]) => `${name}=${value}`);
  return `${url}/b/${encodeURIComponent(key)}?${[MARK, ...words].join("&")}`;
}

const six = (url: string) => ({
  signRequest: async ({ key, method, partNumber, uploadId }: Record<string, string>) => ({
    url:
      method === "POST" && !uploadId
        ? address(url, key ?? "", { uploads: "" })
        : address(url, key ?? "", { partNumber, uploadId }),
  }),
});

const five = (url: string, multipart: boolean) => ({
  shouldUseMultipart: multipart,
  getUploadParameters: async ({ name }: { name: string }) => ({
    method: "PUT",
    url: address(url, name, {}),
    fields: {},
    headers: {},
  }),
  createMultipartUpload: async () => ({ uploadId: "bare", key: "five" }),
  listParts: async () => [],
  abortMultipartUpload: async () => {},
  signPart: async (_: unknown, { partNumber }: { partNumber: number }) => ({
    url: address(url, "five", { partNumber, uploadId: "bare" }),
  }),
  completeMultipartUpload: async () => ({ location: `${url}/b/five` }),
});

interface AnUppy {
  use(plugin: unknown, options: unknown): unknown;
  addFiles(files: unknown[]): void;
  upload(): Promise<{ successful?: unknown[]; failed?: { error?: unknown }[] } | undefined>;
}

async function byUppy(uppy: AnUppy, plugin: unknown, options: unknown): Promise<void> {
  uppy.use(plugin, options);
  const files = picked();
  uppy.addFiles(files.map((file) => ({ name: file.name, data: file })));
  const ended = await uppy.upload();
  if (ended?.successful?.length !== files.length)
    throw new Error(`Uppy failed: ${ended?.failed?.[0]?.error}`);
}

const clients: Record<string, (task: Task) => Promise<void>> = {
  bare: (task) => inLanes(task.lanes, picked().flatMap((file) => partsOf(file, task))),
  uppy6: ({ url }) => byUppy(new Uppy() as unknown as AnUppy, AwsS3, six(url)),
  uppy5: ({ url }) =>
    byUppy(
      new UppyFive() as unknown as AnUppy,
      AwsS3Five,
      five(url, picked().some(({ size }) => size > 100 * 2 ** 20)),
    ),
};

async function run(client: string, task: Task): Promise<number> {
  const started = performance.now();
  await clients[client]?.(task);
  return performance.now() - started;
}

Object.assign(globalThis, { run });
