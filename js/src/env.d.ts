/** A module of ours, bundled by itself into the text of one ES module. */
declare module "*?source" {
  const source: string;
  export default source;
}
