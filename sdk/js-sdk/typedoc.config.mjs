// The reference: `npm run docs` writes it to build/reference, and fails on what is not documented and on links that lead nowhere.
import { OptionDefaults } from "typedoc";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "@consentry/sdk",
  entryPoints: ["src/index.ts", "src/policy/index.ts", "src/intents/index.ts", "src/browser.ts", "src/direct/index.ts", "src/node.ts"],
  tsconfig: "tsconfig.build.json",
  out: "build/reference",
  readme: "README.md",
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  disableSources: true,
  disableGit: true,
  validation: {"notExported": true, "invalidLink": true, "invalidPath": true, "notDocumented": true},
  requiredToBeDocumented: ["Module", "Class", "Interface", "TypeAlias", "Function", "Variable", "Method", "Accessor"],
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  // How other types are made; what they come to is documented with them.
  intentionallyNotExported: ["components", "Schemas", "STRUCTS", "STATEMENTS", "OP", "Fields"],
  // What the services' OpenAPI documents say is written with it.
  blockTags: [...OptionDefaults.blockTags, "@description"],
};
