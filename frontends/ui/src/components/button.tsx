import { useRef, type ComponentProps, type ReactNode } from "react";

/** How loud a button is. One `main` a screen. */
export type ButtonKind = "main" | "quiet" | "danger" | "plain";

interface Look { kind?: ButtonKind; small?: boolean }

function lookOf({ kind = "main", small = false }: Look): string {
  return ["button", kind === "main" ? "" : kind, small ? "small" : ""].filter(Boolean).join(" ");
}

interface ButtonProps extends Look, Omit<ComponentProps<"button">, "onClick" | "disabled" | "className"> {
  onPress?: () => void;
  isDisabled?: boolean;
  /** It does what it was pressed for: it stays where it is, keeps the focus, and takes no second press. */
  pending?: boolean;
  children: ReactNode;
}

/** A button: the browser's own, which every keyboard and reader knows. */
export function Button({ kind, small, pending = false, isDisabled = false, type = "button", onPress, children, ...props }: ButtonProps) {
  // On a slow device a second press can come before `pending` is drawn, and would sign twice.
  const isPressed = useRef(false);
  const press = () => {
    if (isPressed.current) return;
    isPressed.current = true;
    setTimeout(() => {
      isPressed.current = false;
    });
    onPress?.();
  };
  return (
    <button
      {...props} type={type} disabled={isDisabled} aria-disabled={pending || undefined} className={lookOf({ kind, small })} data-pending={pending || undefined}
      onClick={(event) => {
        if (pending) event.preventDefault();
        else press();
      }}
    >
      {pending && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
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
