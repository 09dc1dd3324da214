import type { SVGProps } from "react";

/** Drawn beside words, never instead of them: hidden from who listens. */
function Icon(props: SVGProps<SVGSVGElement>) {
  return <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={2} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false" {...props} />;
}

export const InfoIcon = () => <Icon><circle cx="12" cy="12" r="9.5" /><path d="M12 11v6M12 7.2v.1" /></Icon>;
export const WarningIcon = () => <Icon><path d="M12 3.2 2.5 20h19L12 3.2ZM12 10v4.5M12 17.3v.1" /></Icon>;
export const ErrorIcon = () => <Icon><path d="M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8L8 2.5ZM8.8 8.8l6.4 6.4M15.2 8.8l-6.4 6.4" /></Icon>;
export const CheckIcon = () => <Icon><circle cx="12" cy="12" r="9.5" /><path d="m7.8 12.3 2.9 2.9 5.6-6" /></Icon>;
export const TickIcon = () => <Icon width="1.1rem" height="1.1rem" strokeWidth={3}><path d="m5 12.5 4.5 4.5L19 7" /></Icon>;
export const LeafIcon = () => <Icon strokeWidth={1.5}><path d="M5 20c0-9 5-15 15-15 0 10-5 14-11 14-2 0-3-1-4 1ZM5 20c2-5 5-8 9-10" /></Icon>;

export function BrandMark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" fill="#0d5f5b" />
      <path d="M9 16.5l5 5L23.5 11" fill="none" stroke="#fff" strokeWidth="3.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
