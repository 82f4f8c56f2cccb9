/** Code that reads a file on S3, by tool and file type; knows only the file's address and name. */

export interface Snippet {
  /** The tool's own name. */
  readonly tool: string;
  readonly code: string;
}

/** A file on S3. */
export interface Stored {
  /** `s3://bucket/key`, the key as it is. */
  readonly uri: string;
  readonly name: string;
  /** The server's address; empty where that is AWS. */
  readonly endpoint: string;
}

type Format = "parquet" | "csv" | "tsv" | "json" | "ndjson" | "arrow";
type Reader = readonly [name: string, ...more: string[]];
type Readers = Readonly<Partial<Record<Format, Reader>>>;

const ENDINGS: readonly (readonly [ending: RegExp, format: Format])[] = [
  [/\.(parquet|pq)$/i, "parquet"],
  [/\.csv(\.gz)?$/i, "csv"],
  [/\.tsv(\.gz)?$/i, "tsv"],
  [/\.json$/i, "json"],
  [/\.(ndjson|jsonl)(\.gz)?$/i, "ndjson"],
  [/\.(arrow|feather|ipc)$/i, "arrow"],
];

const PANDAS: Readers = {
  parquet: ["read_parquet"],
  csv: ["read_csv"],
  tsv: ["read_csv", 'sep="\\t"'],
  json: ["read_json"],
  ndjson: ["read_json", "lines=True"],
  arrow: ["read_feather"],
};

/** Lazy, so that polars reads only the needed parts of a large file. It reads no JSON from S3. */
const POLARS: Readers = {
  parquet: ["scan_parquet", "glob=False"],
  csv: ["scan_csv", "glob=False"],
  tsv: ["scan_csv", 'separator="\\t"', "glob=False"],
  ndjson: ["scan_ndjson"],
  arrow: ["scan_ipc", "glob=False"],
};

const DUCKDB: Readers = {
  parquet: ["read_parquet"],
  csv: ["read_csv"],
  tsv: ["read_csv"],
  json: ["read_json"],
  ndjson: ["read_json"],
};

const PYARROW: Readers = {
  parquet: ["parquet"],
  csv: ["csv"],
  ndjson: ["json"],
  arrow: ["ipc"],
};

/** What readers take for a pattern, or a query. */
const PATTERN = /[*?[]/;

type Tool = readonly [
  tool: string,
  readers: Readers,
  code: (file: Stored, reader: Reader, format: Format) => string,
];

const TOOLS: readonly Tool[] = [
  ["pandas", PANDAS, pandas],
  ["polars", POLARS, polars],
  ["DuckDB", DUCKDB, duckdb],
  ["pyarrow", PYARROW, pyarrow],
];

/** The tools that can read the object, the most usual first; boto3 reads anything. */
export function snippets(file: Stored): Snippet[] {
  const format = ENDINGS.find(([ending]) => ending.test(file.uri))?.[1];
  const readers = TOOLS.flatMap(([tool, table, code]) => {
    const reader = format && table[format];
    return reader ? [{ tool, code: code(file, reader, format) }] : [];
  });
  return [...readers, { tool: "boto3", code: boto3(file) }];
}

function pandas({ uri, endpoint }: Stored, [reader, ...more]: Reader, format: Format): string {
  // Without options Parquet goes to pyarrow, which decodes the key: any that changes nothing will do.
  const isDecoded = format === "parquet" && /[%#]/.test(uri);
  const plain = isDecoded ? ['storage_options={"anon": False}'] : [];
  const options = endpoint ? [`storage_options={"endpoint_url": ${quoted(endpoint)}}`] : plain;
  return `import pandas as pd

df = pd.${called(reader, quoted(uri), ...more, ...options)}
`;
}

function polars(file: Stored, [reader, ...more]: Reader, format: Format): string {
  const { uri, endpoint } = file;
  if (format === "ndjson" && PATTERN.test(uri)) return opened(file);
  const options = endpoint ? [`storage_options={"aws_endpoint_url": ${quoted(endpoint)}}`] : [];
  return `import polars as pl

df = pl.${called(reader, quoted(uri), ...more, ...options)}.collect()
`;
}

/** The one reader of polars that has no `glob=`, and no way to escape an asterisk. */
function opened({ uri, endpoint }: Stored): string {
  const options = endpoint ? [`endpoint_url=${quoted(endpoint)}`] : [];
  return `import fsspec
import polars as pl

with fsspec.${called("open", quoted(uri), 'compression="infer"', ...options)} as file:
    df = pl.read_ndjson(file)
`;
}

function duckdb({ uri, endpoint }: Stored, [reader]: Reader): string {
  const [, scheme, host] = /^(.*):\/\/(.*?)\/?$/.exec(endpoint) ?? [];
  const place = `, ENDPOINT '${host}', URL_STYLE 'path', USE_SSL ${scheme === "https"}`;
  const secret = `TYPE s3, PROVIDER credential_chain${endpoint && place}`;
  const source = [
    `'${uri.replaceAll("'", "''")}'`,
    ...(/\.gz$/i.test(uri) ? ["compression='gzip'"] : []),
  ];
  const plain = PATTERN.test(uri) ? 'duckdb.sql("SET s3_url_compatibility_mode = true")\n' : "";
  return `import duckdb

duckdb.sql("CREATE OR REPLACE SECRET (${secret})")
${plain}df = duckdb.sql(${quoted(`FROM ${called(reader, ...source)}`)}).df()
`;
}

function pyarrow({ uri, endpoint }: Stored, [format]: Reader): string {
  const { bucket, key } = partsOf(uri);
  if (endpoint) {
    return `from pyarrow import dataset, fs

s3 = fs.S3FileSystem(endpoint_override=${quoted(endpoint)})
table = dataset.dataset(${quoted(`${bucket}/${key}`)}, filesystem=s3, format="${format}").to_table()
`;
  }
  // A URI, whose key pyarrow decodes: it finds the bucket's region by itself.
  const encoded = key.split("/").map(encodeURIComponent).join("/");
  return `from pyarrow import dataset

table = dataset.dataset(${quoted(`s3://${bucket}/${encoded}`)}, format="${format}").to_table()
`;
}

function boto3({ uri, name, endpoint }: Stored): string {
  const { bucket, key } = partsOf(uri);
  const path = name.split("/").at(-1) ?? name;
  const options = endpoint ? [`endpoint_url=${quoted(endpoint)}`] : [];
  return `import boto3

s3 = boto3.${called("client", quoted("s3"), ...options)}
s3.${called("download_file", ...[bucket, key, path].map(quoted))}
`;
}

function partsOf(uri: string): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)\/(.*)$/s.exec(uri) ?? [];
  return { bucket, key };
}

function called(name: string, ...args: string[]): string {
  return `${name}(${args.join(", ")})`;
}

/** Every JSON string is a Python string, too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
