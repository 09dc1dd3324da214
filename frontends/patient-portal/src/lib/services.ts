/** Calls of documented APIs that the SDK has no verb for, with answers checked. */
import { UnavailableError, type ServiceName } from "@consentry/sdk";
import { callService, type ServiceCall, type SignedIn } from "@consentry/ui";
import * as v from "valibot";

/** One call of a service. A screen shows nothing that has another shape than documented. */
export async function call<T>(who: SignedIn, service: ServiceName, path: string, shape: v.GenericSchema<unknown, T>, options: ServiceCall = {}): Promise<T> {
  const result = v.safeParse(shape, await callService<unknown>(who, service, path, options));
  if (!result.success) throw new UnavailableError("UNEXPECTED_ANSWER", `${service} answered in another shape than documented`);
  return result.output;
}
