/**
 * The shapes of the REST API that pages use, under the names of the glossary.
 *
 * They come from the API's own description (console/openapi.json) each time the app is built: a key that the API does
 * not have is an error of the compiler.
 */

import type { components, paths } from "~/api/schema";

type Schemas = components["schemas"];

/** What the API answers to GET below /api/v1. */
type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

export type Account = Schemas["Account"];
export type ColumnDays = Schemas["Days"];
export type Definition = Schemas["Definition"];
export type Gate = Schemas["Gate"];
export type History = Schemas["History"];
export type Matrix = Answer<"/api/v1/matrix">;
export type MatrixCell = Schemas["MatrixCell"];
export type MatrixColumn = Schemas["MatrixColumn"];
export type MatrixRow = Schemas["MatrixRow"];
export type Me = Schemas["Me"];
export type PastDurations = Schemas["PastDurations"];
export type DayDurations = Schemas["DayDurations"];
export type PastSlot = Schemas["PastRun"];
export type Problem = Schemas["Problem"];
export type Reason = Schemas["Reason"];
export type Reasons = Schemas["Reasons"];
export type Run = Schemas["Run"];
export type Slot = Schemas["Slot"];
export type SlotDetails = Schemas["SlotDetails"];
export type SystemStatus = Schemas["Status"];
export type Timeline = Schemas["Timeline"];
export type TimelineBar = Schemas["Bar"];

/** A list, as far as it was asked for: `next` is the cursor of what follows. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number | null;
  readonly next: string | null;
}
