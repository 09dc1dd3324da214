import { expect, test } from "vitest";
import { coins, isLow } from "./coins.js";

test("wei are shown in ETH, rounded down", () => {
  expect([coins("0"), coins("999999999999999999"), coins("1000000000000000000"), coins("10000000000000000000000")]).toEqual([0, 0.999, 1, 10_000]);
});

test("the alarm sounds below its limit, and not while nothing was seen", () => {
  const alarmBelow = "1000000000000000000";
  expect([isLow({ balance: "999999999999999999", alarmBelow }), isLow({ balance: alarmBelow, alarmBelow }), isLow({ balance: null, alarmBelow })]).toEqual([true, false, false]);
});
