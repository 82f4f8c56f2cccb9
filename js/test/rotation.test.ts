/** Which names of a store take part, and which leave. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Rotation } from "../src/engine/rotation";
import { type Pool, poolFor, type Sender } from "../src/net/pool";

// Pools listen for the moment when the network is back, which Node knows nothing of.
Object.assign(globalThis, { addEventListener: () => {}, removeEventListener: () => {} });

/** Nobody has anything to send. */
const IDLE: Sender = {
  sendNext: () => undefined,
  reachabilityChanged: () => {},
  endRests: () => {},
};

/** A store that is sent to with credentials and without. */
async function two(
  store: string,
): Promise<{ rotation: Rotation; first: Pool; more: Pool; end: () => void }> {
  const over = new AbortController();
  const rotation = new Rotation(store, IDLE, false, () => {}, over.signal);
  await rotation.offer([{ origin: store, credentials: true }]);
  const end = (): void => {
    rotation.leave();
    over.abort();
  };
  return { rotation, first: poolFor(store, "omit"), more: poolFor(store, "include"), end };
}

suite("the names of a store", () => {
  test("are one until the kernel knows more", () => {
    const { signal } = new AbortController();

    const { pools, origins } = new Rotation("https://a.test", IDLE, false, () => {}, signal);

    assert.deepEqual([pools.length, origins], [1, ["https://a.test"]]);
  });

  test("with credentials have lanes of their own, to the same origin", async () => {
    const { rotation, first, more } = await two("http://b.test");

    assert.deepEqual(rotation.pools, [first, more]);
    assert.deepEqual(rotation.origins, ["http://b.test"]);
    assert.equal(rotation.lanes("http://b.test"), 12);
  });

  test("that fail leave while another is there; the last one never does", async () => {
    const { rotation, first, more, end } = await two("http://c.test");

    assert.equal(rotation.fails(more), true);
    assert.equal(rotation.fails(first), false);
    assert.deepEqual(rotation.pools, [first]);
    end();
  });

  test("lose their first only where another is seen to work", async () => {
    const { rotation, first, more, end } = await two("http://d.test");

    assert.equal(rotation.fails(first), false);
    rotation.worked(more);
    assert.equal(rotation.fails(first), true);
    assert.equal(rotation.fails(more), false);
    assert.deepEqual(rotation.pools, [more]);
    end();
  });

  test("that left already are a matter of their own", async () => {
    const { rotation, more, end } = await two("http://e.test");
    rotation.fails(more);

    assert.equal(rotation.fails(more), true);
    end();
  });

  test("do not matter through the kernel", () => {
    const { signal } = new AbortController();
    const rotation = new Rotation("http://f.test", IDLE, true, () => {}, signal);

    assert.equal(rotation.fails(poolFor("http://f.test", "relay")), false);
  });
});
