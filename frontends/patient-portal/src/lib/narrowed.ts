import type { PolicyDocument, PolicyInput, Sensitivity } from "@consentry/sdk";
import { SENSITIVE } from "@consentry/ui/policy";

/** What a clinic asked for, less what the person leaves out. */
export function narrowed({ purpose, actions, resources, exclude, period }: Pick<PolicyDocument, "purpose" | "actions" | "resources" | "exclude" | "period">, keep: { types: readonly string[]; sensitive: readonly Sensitivity[] }): PolicyInput {
  return {
    purpose, actions, period,
    resources: resources.filter((each) => keep.types.includes(each.type)),
    exclude: SENSITIVE.filter((each) => exclude.includes(each) || !keep.sensitive.includes(each)),
  };
}
