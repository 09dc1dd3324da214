import { useId, type ComponentProps, type ReactNode } from "react";

interface Described { label: ReactNode; hint?: ReactNode; error?: ReactNode }

/** A line, or some lines, of text to fill in. */
export function Field({ label, hint, error, id: given, lines, ...props }: Described & ComponentProps<"input"> & { lines?: number }) {
  const own = useId();
  const id = given ?? own;
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  const described = [hint ? hintId : "", error ? errorId : ""].filter(Boolean).join(" ") || undefined;
  const shared = { id, "aria-describedby": described, "aria-invalid": error ? true : undefined };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && <p className="hint" id={hintId}>{hint}</p>}
      {error && <p className="field-error" id={errorId}>{error}</p>}
      {lines === undefined ? <input {...props} {...shared} /> : <textarea rows={lines} {...(props as ComponentProps<"textarea">)} {...shared} />}
    </div>
  );
}

/** One of several, in a list that opens. */
export function SelectField({ label, hint, error, id: given, children, ...props }: Described & ComponentProps<"select">) {
  const own = useId();
  const id = given ?? own;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p className="field-error" id={`${id}-error`}>{error}</p>}
      <select {...props} id={id} aria-describedby={hint ? `${id}-hint` : undefined} aria-invalid={error ? true : undefined}>{children}</select>
    </div>
  );
}

/** One of the answers. */
export interface Choice<T extends string> { value: T; label: ReactNode; hint?: ReactNode }

interface ChoicesProps<T extends string> {
  id?: string;
  /** The question; hidden where the page's heading asks it. */
  legend: ReactNode;
  hideLegend?: boolean;
  hint?: ReactNode;
  error?: ReactNode;
  choices: readonly Choice<T>[];
}

/** One answer of several. */
export function RadioGroup<T extends string>({ value, onChange, ...props }: ChoicesProps<T> & { value: T | undefined; onChange: (value: T) => void }) {
  return <Choices {...props} kind="radio" isChosen={(each) => each === value} onToggle={(each) => onChange(each)} />;
}

/** Any number of answers. */
export function CheckboxGroup<T extends string>({ value, onChange, ...props }: ChoicesProps<T> & { value: readonly T[]; onChange: (value: T[]) => void }) {
  const toggle = (each: T, on: boolean) => onChange(on ? [...value, each] : value.filter((other) => other !== each));
  return <Choices {...props} kind="checkbox" isChosen={(each) => value.includes(each)} onToggle={toggle} />;
}

/** One thing to say yes to. */
export function Checkbox({ label, hint, value, onChange }: { label: ReactNode; hint?: ReactNode; value: boolean; onChange: (value: boolean) => void }) {
  const id = useId();
  return (
    <label className="choice" htmlFor={id}>
      <input id={id} type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} aria-describedby={hint ? `${id}-hint` : undefined} />
      <span>{label}</span>
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
    </label>
  );
}

function Choices<T extends string>({ id: given, legend, hideLegend, hint, error, choices, kind, isChosen, onToggle }: ChoicesProps<T> & {
  kind: "radio" | "checkbox"; isChosen: (value: T) => boolean; onToggle: (value: T, on: boolean) => void;
}) {
  const own = useId();
  const id = given ?? own;
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  return (
    <fieldset className="choices" id={id} tabIndex={-1} aria-describedby={described}>
      <legend className={hideLegend ? "visually-hidden" : "legend"}>{legend}</legend>
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p className="field-error" id={`${id}-error`}>{error}</p>}
      {choices.map((choice) => {
        const each = `${id}-${choice.value}`;
        return (
          <label key={choice.value} className="choice" htmlFor={each}>
            <input id={each} type={kind} name={id} value={choice.value} checked={isChosen(choice.value)} onChange={(event) => onToggle(choice.value, event.target.checked)} aria-describedby={choice.hint ? `${each}-hint` : undefined} />
            <span>{choice.label}</span>
            {choice.hint && <p className="hint" id={`${each}-hint`}>{choice.hint}</p>}
          </label>
        );
      })}
    </fieldset>
  );
}
