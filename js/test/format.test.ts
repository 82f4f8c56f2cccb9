/** Numbers as people read them. */

import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import {
  ago,
  bytes,
  bytesOf,
  count,
  distinctSizes,
  duration,
  percent,
  rate,
} from "../src/text/format";
import { speak } from "../src/text/text";

afterEach(() => speak("en"));

suite("sizes", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [1, "1 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [9_940_000, "9.9 MB"],
    [87_000_000, "87 MB"],
    [999_500_000, "1.0 GB"],
    [10_400_000_000, "10.4 GB"],
    [5e12, "5.00 TB"],
    [5e15, "5,000.00 TB"],
  ];
  for (const [number, expected] of cases) {
    test(`${number} bytes read ${expected}`, () => assert.equal(bytes(number), expected));
  }

  test("a part of a size has the unit and the decimals of the whole", () => {
    assert.equal(bytesOf(3_200_000_000, 10_400_000_000), "3.2 of 10.4 GB");
    assert.equal(bytesOf(0, 10_400_000_000), "0.0 of 10.4 GB");
    assert.equal(bytesOf(500, 87_000_000), "0 of 87 MB");
    assert.equal(bytesOf(0, 0), "0 of 0 B");
  });

  test("two sizes that differ never read the same", () => {
    assert.deepEqual(distinctSizes(42_000_000, 16_000_000), ["42 MB", "16 MB"]);
    assert.deepEqual(distinctSizes(42_000_000, 42_000_001), ["42,000,000 B", "42,000,001 B"]);
  });

  test("a rate is a size for each second", () => assert.equal(rate(87_000_000), "87 MB/s"));
});

suite("times", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "1 s"],
    [0.4, "1 s"],
    [59.4, "59 s"],
    [59.5, "1 min"],
    [82, "1 min 22 s"],
    [3599.4, "59 min 59 s"],
    [3600, "1 h"],
    [11_100, "3 h 5 min"],
    [86_399, "24 h"],
    [86_400, "1 d"],
    [187_200, "2 d 4 h"],
  ];
  for (const [seconds, expected] of cases) {
    test(`${seconds} s read ${expected}`, () => assert.equal(duration(seconds), expected));
  }

  test("a moment is told by its largest unit", () => {
    const { now } = Date;
    const before = (seconds: number): string => {
      const moment = now();
      Date.now = () => moment;
      try {
        return ago(moment - seconds * 1000);
      } finally {
        Date.now = now;
      }
    };

    assert.equal(before(-5), "1 second ago");
    assert.equal(before(30), "30 seconds ago");
    assert.equal(before(300), "5 minutes ago");
    assert.equal(before(2 * 3600 + 59), "2 hours ago");
    assert.equal(before(86_400), "yesterday");
    assert.equal(before(3 * 86_400), "3 days ago");
  });
});

suite("counts", () => {
  test("100 percent are kept for what is proven", () => {
    assert.equal(percent(10, 10, false), 99);
    assert.equal(percent(10, 10, true), 100);
    assert.equal(percent(999, 1000, false), 99);
    assert.equal(percent(0, 0, false), 0);
    assert.equal(percent(0, 0, true), 100);
    assert.equal(percent(1, 3, false), 33);
  });

  test("thousands are set apart", () => assert.equal(count(1800), "1,800"));
});

test("another language has its own words and the same numbers", () => {
  speak("zh_CN");

  assert.equal(bytes(10_400_000_000), "10.4 GB");
  assert.equal(ago(Date.now() - 300_000), "5分钟前");
  assert.notEqual(duration(82), "1 min 22 s");
});
