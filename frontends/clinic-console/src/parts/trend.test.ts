import { expect, test } from "vitest";
import { scale } from "./trend.js";

const point = (ms: number, value: number) => ({ id: `${ms}`, at: new Date(ms).toISOString(), ms, value, beside: undefined });

test("every value and the range lie within the plot, higher values higher, later ones later", () => {
  const points = [point(0, 3), point(10, 5), point(30, 4)];
  const { x, y, least, most } = scale({ points, range: { low: 2, high: 6, unit: "", text: undefined } });
  expect([least, most]).toEqual([2, 6]);
  for (const { ms, value } of points) {
    expect(x(ms)).toBeGreaterThanOrEqual(0);
    expect(x(ms)).toBeLessThanOrEqual(100);
    expect(y(value)).toBeGreaterThan(0);
    expect(y(value)).toBeLessThan(100);
  }
  expect(y(5)).toBeLessThan(y(3));
  expect(x(10)).toBeLessThan(x(30));
});

test("values that are all alike, or of one moment, still have a place", () => {
  const { x, y } = scale({ points: [point(5, 0), point(5, 0)], range: undefined });
  expect([x(5), y(0)]).toEqual([50, 50]);
});
