/** Whether two addresses on chain are the same one, however their digits are cased. */
export function sameAddress(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
