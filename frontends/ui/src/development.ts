import type { Deployment } from "@consentry/sdk";

/** Whether development keys can be used: on the local chain only. */
export function isDevelopment({ chainId }: Deployment): boolean {
  return chainId === 31337;
}
