/** Code that reads a file on S3, by tool and file type; knows only the file's address and name. */

export interface Snippet {
  /** The tool's own name. */
  readonly tool: string;
  readonly code: string;
}

type Format = "parquet" | "csv" | "tsv" | "json" | "ndjson" | "arrow";

const ENDINGS: readonly (readonly [ending: RegExp, format: Format])[] = [
  [/\.(parquet|pq)$/i, "parquet"],
  [/\.csv(\.gz)?$/i, "csv"],
  [/\.tsv(\.gz)?$/i, "tsv"],
  [/\.json$/i, "json"],
  [/\.(ndjson|jsonl)(\.gz)?$/i, "ndjson"],
  [/\.(arrow|feather|ipc)$/i, "arrow"],
];

const PANDAS: Readonly<Record<Format, (uri: string) => string>> = {
  parquet: (uri) => `pd.read_parquet(${uri})`,
  csv: (uri) => `pd.read_csv(${uri})`,
  tsv: (uri) => `pd.read_csv(${uri}, sep="\\t")`,
  json: (uri) => `pd.read_json(${uri})`,
  ndjson: (uri) => `pd.read_json(${uri}, lines=True)`,
  arrow: (uri) => `pd.read_feather(${uri})`,
};

/** Lazy, so that polars reads only the needed parts of a large file. It reads no JSON from S3. */
const POLARS: Readonly<Partial<Record<Format, (uri: string) => string>>> = {
  parquet: (uri) => `pl.scan_parquet(${uri}, glob=False)`,
  csv: (uri) => `pl.scan_csv(${uri}, glob=False)`,
  tsv: (uri) => `pl.scan_csv(${uri}, separator="\\t", glob=False)`,
  ndjson: (uri) => `pl.scan_ndjson(${uri})`,
  arrow: (uri) => `pl.scan_ipc(${uri}, glob=False)`,
};

const DUCKDB: Readonly<Partial<Record<Format, string>>> = {
  parquet: "read_parquet",
  csv: "read_csv",
  tsv: "read_csv",
  json: "read_json",
  ndjson: "read_json",
};

const PYARROW: Readonly<Partial<Record<Format, string>>> = {
  parquet: "parquet",
  csv: "csv",
  ndjson: "json",
  arrow: "ipc",
};

/** The tools that can read the object, the most usual first; boto3 reads anything. */
export function snippets(uri: string, name: string): Snippet[] {
  const format = ENDINGS.find(([ending]) => ending.test(uri))?.[1];
  return [...(format === undefined ? [] : readers(uri, format)), boto3(uri, name)];
}

function readers(uri: string, format: Format): Snippet[] {
  const literal = quoted(uri);
  const polars = POLARS[format]?.(literal);
  const duckdb = DUCKDB[format];
  const pyarrow = PYARROW[format];
  return [
    { tool: "pandas", code: `import pandas as pd\n\ndf = ${PANDAS[format](literal)}\n` },
    ...(polars
      ? [{ tool: "polars", code: `import polars as pl\n\ndf = ${polars}.collect()\n` }]
      : []),
    // DuckDB reads these as a glob pattern, and they cannot be escaped.
    ...(duckdb && !/[*?[\]]/.test(uri) ? [{ tool: "DuckDB", code: sql(duckdb, uri) }] : []),
    ...(pyarrow ? [{ tool: "pyarrow", code: dataset(pyarrow, literal) }] : []),
  ];
}

function sql(reader: string, uri: string): string {
  const query = `FROM ${reader}('${uri.replaceAll("'", "''")}')`;
  return `import duckdb

duckdb.sql("CREATE OR REPLACE SECRET (TYPE s3, PROVIDER credential_chain)")
df = duckdb.sql(${quoted(query)}).df()
`;
}

function dataset(format: string, literal: string): string {
  return `import pyarrow.dataset as ds

table = ds.dataset(${literal}, format="${format}").to_table()
`;
}

function boto3(uri: string, name: string): Snippet {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)\/(.*)$/s.exec(uri) ?? [];
  const path = name.split("/").at(-1) ?? name;
  return {
    tool: "boto3",
    code: `import boto3

s3 = boto3.client("s3")
s3.download_file(${[bucket, key, path].map(quoted).join(", ")})
`,
  };
}

/** Every JSON string is a Python string, too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
