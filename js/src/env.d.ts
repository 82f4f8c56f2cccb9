/** A module of ours, bundled by itself: gives the text of one ES module, unpacked when called. */
declare module "*?source" {
  const source: string;
  export default source;
}
