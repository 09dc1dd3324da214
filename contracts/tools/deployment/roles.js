// The calls by which the first admin of the AccessManager hands out the roles: what script/Roles.sol does, written down,
// so that whoever deploys by other means than our script (a multisig, a development stack) sends the very same.
"use strict";

const { ACCOUNT } = require("../common/anvil.js");
const { run } = require("../common/run.js");
const { callData } = require("../gas/abi.js");

const ROLE_CALLS = { name: "RoleCalls", source: "script/RoleCalls.sol" };

/** The content of roles.json. */
function roleCalls(rpc, chain, artifacts, at) {
  const { abi, bytecode } = artifacts.get(ROLE_CALLS.name);
  const { firstAdmin, ...plan } = chain.granteeRegistries;
  const values = { hospitals: at("HospitalRegistry"), providers: at("ProviderRegistry"), plan, firstAdmin };
  const options = ["--unlocked", "--from", ACCOUNT, "--rpc-url", rpc, "--json"];
  const { contractAddress } = JSON.parse(run("cast", "send", ...options, "--create", bytecode.object));
  const data = callData(abi, "roleCalls", values);
  const answer = run("cast", "call", contractAddress, "--data", data, "--rpc-url", rpc);
  const calls = run("cast", "abi-decode", "f()(bytes[])", answer).match(/0x[0-9a-f]+/g);
  const manager = artifacts.get("AccessManager").methodIdentifiers;
  const functions = new Map(Object.entries(manager).map(([signature, selector]) => [`0x${selector}`, signature]));
  return {
    from: firstAdmin,
    to: at("AccessManager"),
    calls: calls.map((data) => ({ function: functions.get(data.slice(0, 10)), data })),
  };
}

module.exports = { ROLE_CALLS, roleCalls };
