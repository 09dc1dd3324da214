import { act } from "react";
import { createRoot } from "react-dom/client";
import { expect, test, vi } from "vitest";
import { Button } from "./button.js";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

test("a second press before anything could be drawn counts for nothing; a later one does", async () => {
  const pressed = vi.fn();
  const place = document.body.appendChild(document.createElement("div"));
  await act(async () => createRoot(place).render(<Button onPress={pressed}>Sign</Button>));
  const button = place.querySelector("button")!;
  button.click();
  button.click();
  expect(pressed).toHaveBeenCalledTimes(1);
  await new Promise((resolve) => setTimeout(resolve));
  button.click();
  expect(pressed).toHaveBeenCalledTimes(2);
});
