import type { PolicyDocument } from "@consentry/sdk";
import { RECORD_TYPES, type RecordType } from "@consentry/ui/policy";

/** The types of a policy that can be shown here, in the order in which they are shown. */
export function shownTypes({ resources }: Pick<PolicyDocument, "resources">): RecordType[] {
  return RECORD_TYPES.filter((type) => type !== "Patient" && resources.some((each) => each.type === type));
}
