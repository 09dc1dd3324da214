/**
 * Ask for, give, take back and use patients' consents on Consentry.
 *
 * @module
 */
export { createConsentry, type Consentry } from "./client/client.js";
export type { Options } from "./client/context.js";
export { localDeployment, type Deployment, type Finality, type ServiceName } from "./client/deployment.js";
export type { SigningMemory } from "./client/memory.js";
export type { AccessLog, Access } from "./client/access.js";
export type { Consent, ConsentKey, ConsentStatus } from "./client/consent.js";
export type { Carried, Carrier, IntentProgress, IntentState, SavedDecision, SentTransaction } from "./client/carrier.js";
export type { Consents } from "./client/consents.js";
export type { Control } from "./client/control.js";
export type { AboutSubject, Delegate, Delegates, Right } from "./client/delegates.js";
export type { Abortable } from "./client/desk.js";
export { reasonOf, type Decided, type Denied, type DenialReason, type Evaluation, type EvaluationRequest, type FhirRequest, type FhirResource, type Gateway, type Released } from "./client/gateway.js";
export type { ChainStatus, Health, ServiceHealth } from "./client/health.js";
export type { BindGrantee, GranteeBinding, Grantees } from "./client/grantees.js";
export type { Bind, Binding, Keys, Standing, Statement } from "./client/keys.js";
export type { Recovery } from "./client/recovery.js";
export type { Window } from "./client/window.js";
export type { Change, ConsentFilter, Subject } from "./client/ledger.js";
export type { Expected, Pending, Resumable, WaitOptions, WaitStatus } from "./client/pending.js";
export type { Policies } from "./client/policies.js";
export { clientCredentials, type ClientCredentials } from "./auth/client-credentials.js";
export { beginSignIn, PersonSession, type App, type SignIn, type SignInRequest } from "./auth/code.js";
export type { SigningKey } from "./auth/jose.js";
export type { Auth, Wanted } from "./auth/tokens.js";
export {
  AuthError, ChainError, ConflictError, ConsentryError, FinalityTimeoutError, RateLimitedError, SignerError, StaleIndexError,
  UnavailableError, ValidationError, type ErrorDetails, type ErrorKind,
} from "./errors.js";
export type { Fetch, HttpOptions } from "./http.js";
export { developmentSigner } from "./signers/development.js";
export { eip1193Signer, type Eip1193Provider } from "./signers/eip1193.js";
export { passkeySigner, type Passkey } from "./signers/passkey.js";
export type { Signer } from "./signers/signer.js";
export type { Address, Hex } from "./hex.js";
export { Policy, type PolicyInput } from "./policy/policy.js";
export type { Explanation } from "./policy/explain.js";
export type { Action, Period, PolicyDocument, Purpose, ResourceScope, Sensitivity, Terms } from "./policy/codes.js";
