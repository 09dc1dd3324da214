/**
 * The highest counters that were ever signed. A reorganisation can take versions back, so that a stop must name at least
 * the highest version any signed grant names; else a grant held back could follow it (ADR 0013).
 */
export interface SigningMemory {
  /** The highest number kept under a name, or nothing. */
  get(name: string): Promise<number | undefined> | number | undefined;
  /** Keeps a number; never lowers one. It must be kept before this returns. */
  raise(name: string, value: number): Promise<void> | void;
}

/** A memory that ends with the process. */
export class MemoryInProcess implements SigningMemory {
  readonly #highest = new Map<string, number>();

  get(name: string): number | undefined {
    return this.#highest.get(name);
  }

  raise(name: string, value: number): void {
    this.#highest.set(name, Math.max(value, this.#highest.get(name) ?? 0));
  }
}
