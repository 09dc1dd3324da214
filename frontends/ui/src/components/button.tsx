import type { ComponentProps, ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaProps } from "react-aria-components";

/** How loud a button is. One `main` a screen. */
export type ButtonKind = "main" | "quiet" | "danger" | "plain";

interface Look { kind?: ButtonKind; small?: boolean }

function lookOf({ kind = "main", small = false }: Look): string {
  return ["button", kind === "main" ? "" : kind, small ? "small" : ""].filter(Boolean).join(" ");
}

/** A button. While `pending`, it stays where it is, says what it does, and takes no second press. */
export function Button({ kind, small, pending = false, children, ...props }: AriaProps & Look & { pending?: boolean; children: ReactNode }) {
  return (
    <AriaButton {...props} isPending={pending} className={lookOf({ kind, small })}>
      {pending && <span className="spinner" aria-hidden="true" />}
      {children}
    </AriaButton>
  );
}

/** A link to another server's page that looks like a button, such as signing in. */
export function ButtonLink({ kind, small, ...props }: ComponentProps<"a"> & Look) {
  return <a {...props} className={lookOf({ kind, small })} />;
}

/** The class of a button, for a router's own link. */
export function buttonClass(look: Look = {}): string {
  return lookOf(look);
}
