/** Calls of documented APIs that the SDK has no verb for, with answers checked. */
export { callChecked as call } from "@consentry/ui";
