import { expect, test } from "vitest";
import { partsOf } from "./wait.js";

test.each([
  [2 * 86_400, [172_800]],
  [2 * 86_400 - 1, [86_400, 86_399]],
  [86_400 + 3_599, [86_400]],
  [86_400 + 3_600, [86_400, 3_600]],
  [59.9, [59]],
  [-5, [0]],
])("%d seconds are %j", (seconds, parts) => expect(partsOf(seconds)).toEqual(parts));
