/** A module of ours, bundled by itself: gives the text of one ES module, unpacked when called. */
declare module "*?source" {
  const source: string;
  export default source;
}

// Chromium alone has these: https://wicg.github.io/file-system-access/
interface DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

interface FileSystemHandle {
  queryPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
}

interface Window {
  showOpenFilePicker?(options: {
    multiple: boolean;
    types?: readonly { accept: Record<string, readonly string[]> }[];
  }): Promise<FileSystemFileHandle[]>;
}

// Chromium alone has this: https://w3c.github.io/webappsec-permissions-policy/
interface Document {
  readonly featurePolicy?: { allowsFeature(name: string): boolean };
}

/** WebAssembly, as bytes. */
declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
