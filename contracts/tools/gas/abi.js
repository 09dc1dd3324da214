// Call data and EIP-712 structs by the names in an ABI, so that what is measured follows the contract's own interface.
"use strict";

const { run } = require("../common/run.js");

/** The name of a struct in an ABI: "struct Grant" or "struct IEAS.Grant" is Grant. */
function structName({ internalType }) {
  return internalType.match(/([A-Za-z0-9_]+)(\[\])?$/)[1];
}

/** The canonical type of a parameter. */
function typeOf({ type, components }) {
  return type.startsWith("tuple") ? `(${components.map(typeOf).join(",")})${type.slice("tuple".length)}` : type;
}

/** A value as cast reads it. Structs are objects with exactly the names of the ABI's fields. */
function text(parameter, value) {
  if (value === undefined) throw new Error(`no value for ${parameter.name}`);
  if (parameter.type.endsWith("[]")) {
    const item = { ...parameter, type: parameter.type.slice(0, -2) };
    return `[${value.map((each) => text(item, each)).join(",")}]`;
  }
  if (parameter.type !== "tuple") return String(value);
  return `(${fields(parameter.components, value).join(",")})`;
}

function fields(parameters, values) {
  const unknown = Object.keys(values).find((name) => !parameters.some((parameter) => parameter.name === name));
  if (unknown !== undefined) throw new Error(`the ABI has no ${unknown}`);
  return parameters.map((parameter) => text(parameter, values[parameter.name]));
}

/** The one function of an ABI with this name and, if there are several, these arguments. */
function functionOf(abi, name, values) {
  const names = Object.keys(values).sort().join();
  const named = abi.filter((entry) => entry.type === "function" && entry.name === name);
  const found = named.length === 1 ? named : named.filter(({ inputs }) => inputs.map((i) => i.name).sort().join() === names);
  if (found.length !== 1) throw new Error(`the ABI has ${found.length} functions ${name}(${names})`);
  return found[0];
}

/** The call data of a function, its arguments by name. */
function callData(abi, name, values) {
  const { inputs } = functionOf(abi, name, values);
  return run("cast", "calldata", `${name}(${inputs.map(typeOf).join(",")})`, ...fields(inputs, values));
}

/** The code that deploys a contract, its constructor's arguments by name. */
function initCode({ abi, bytecode }, values = {}) {
  const code = bytecode.object ?? bytecode;
  const inputs = abi.find((entry) => entry.type === "constructor")?.inputs ?? [];
  if (inputs.length === 0) return code;
  return code + run("cast", "abi-encode", `f(${inputs.map(typeOf).join(",")})`, ...fields(inputs, values)).slice(2);
}

/** The EIP-712 types of a struct that a function takes as `intent`, with those it contains. */
function typesOf(abi, name) {
  const types = {};
  const collect = (parameter) => {
    const struct = structName(parameter);
    types[struct] = parameter.components.map((field) => {
      if (!field.type.startsWith("tuple")) return { name: field.name, type: field.type };
      collect(field);
      return { name: field.name, type: structName(field) + field.type.slice("tuple".length) };
    });
  };
  const parameters = abi.flatMap(({ inputs }) => inputs ?? []).filter(({ type }) => type === "tuple");
  const parameter = parameters.find((each) => structName(each) === name);
  if (parameter === undefined) throw new Error(`no function of the ABI takes a ${name}`);
  collect(parameter);
  return types;
}

module.exports = { callData, initCode, typesOf };
