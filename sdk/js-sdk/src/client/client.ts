import { AccessLog } from "./access.js";
import { Control } from "./control.js";
import { Consents } from "./consents.js";
import { Context, type Options } from "./context.js";
import { Delegates } from "./delegates.js";
import { Desk } from "./desk.js";
import { Gateway } from "./gateway.js";
import { Grantees } from "./grantees.js";
import { Health } from "./health.js";
import { Keys } from "./keys.js";
import { Policies } from "./policies.js";
import { Recovery } from "./recovery.js";

/** Everything that one party does with one deployment. */
export interface Consentry {
  readonly policies: Policies;
  readonly consents: Consents;
  readonly delegates: Delegates;
  readonly recovery: Recovery;
  readonly control: Control;
  readonly gateway: Gateway;
  readonly access: AccessLog;
  readonly keys: Keys;
  readonly grantees: Grantees;
  readonly health: Health;
}

/** A client of a deployment, for one party: its sign-in, and its key if it signs. */
export function createConsentry(options: Options): Consentry {
  const context = new Context(options);
  const policies = new Policies(context);
  const desk = new Desk(context);
  return {
    policies, consents: new Consents(desk, policies), delegates: new Delegates(desk), recovery: new Recovery(desk), control: new Control(desk), gateway: new Gateway(context), access: new AccessLog(context),
    keys: new Keys(context), grantees: new Grantees(context), health: new Health(context, desk.ledger),
  };
}
