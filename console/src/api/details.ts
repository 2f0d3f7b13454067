/** The shapes that pages of one thing use, beside those of `types`; from the API's own description as well. */

import type { components } from "~/api/schema";

type Schemas = components["schemas"];

export type Acted = Schemas["ActedShape"];
export type ActQuery = Partial<Schemas["QueryBody"]>;
export type ActBody = Partial<Omit<Schemas["ActionBody"], "query">> & { readonly query?: ActQuery };
export type AuditEntry = Schemas["AuditEntry"];
export type BusyAgent = Schemas["BusyAgent"];
export type Check = Schemas["Check"];
export type EnginePass = Schemas["EnginePass"];
export type EngineRoom = Schemas["EngineRoom"];
export type EngineStep = Schemas["EngineStep"];
export type Limit = Schemas["Limit"];
export type Lineage = Schemas["Lineage"];
export type LineageNode = Schemas["LineageNode"];
export type ListedPlan = Schemas["ListedPlan"];
export type LogLine = Schemas["LogLine"];
export type LogPart = Schemas["LogPart"];
export type Plan = Schemas["Plan"];
export type PlanProgress = Pick<Schemas["ListedPlan"], "run" | "steps" | "progress">;
export type PlanStep = Schemas["ShownStep"];
export type RunCommand = Schemas["Command"];
export type RunDetails = Schemas["RunDetails"];
export type Source = Schemas["Source"];
export type StepError = Schemas["StepError"];
export type Transition = Schemas["Transition"];
export type Undo = Schemas["UndoShape"];
