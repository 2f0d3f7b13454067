/** What a verb may be given besides its targets: an input, an event, an answer, a priority, how far it goes. */

import type { ActRequest } from "~/parts/acting/acting";
import { AnswerFields } from "~/parts/acting/AnswerFields";

/** What the person has given so far; `problem` says what keeps it from being sent. */
export interface Given {
  readonly with: Readonly<Record<string, unknown>>;
  readonly text: Readonly<Record<string, string>>;
  readonly problem: string | null;
}

interface WithFieldsProps {
  readonly request: ActRequest;
  readonly given: Given;
  readonly onChange: (given: Given) => void;
}

/** Return what stands in the fields at first. */
export function startWith({ verb, with: fixed = {} }: ActRequest): Given {
  if (verb === "edit-input") return { with: fixed, text: { input: JSON.stringify(fixed["input"] ?? {}, null, 2) }, problem: null };
  if (verb === "send-event") return { with: fixed, text: { event: "", payload: "" }, problem: "An event has a name" };
  if (verb === "answer") return { with: fixed, text: {}, problem: "Choose yes or no" };
  if (verb === "boost") return { with: { ...fixed, priority: 100 }, text: { priority: "100" }, problem: null };
  return { with: fixed, text: {}, problem: null };
}

export function WithFields({ request, given, onChange }: WithFieldsProps) {
  switch (request.verb) {
    case "edit-input":
      return <InputField given={given} onChange={onChange} />;
    case "send-event":
      return <EventFields given={given} onChange={onChange} />;
    case "answer":
      return request.question && <AnswerFields question={request.question} given={given} onChange={onChange} />;
    case "boost":
      return <PriorityField given={given} onChange={onChange} />;
    case "rerun":
      return <DownstreamField given={given} onChange={onChange} />;
    default:
      return null;
  }
}

type FieldProps = Omit<WithFieldsProps, "request">;

function InputField({ given, onChange }: FieldProps) {
  function change(input: string): void {
    const read = readJson(input);
    const isObject = typeof read.value === "object" && read.value !== null && !Array.isArray(read.value);
    const problem = read.problem ?? (isObject ? null : "An input is a JSON object");
    onChange({ with: problem ? given.with : { ...given.with, input: read.value }, text: { input }, problem });
  }
  return (
    <label className="act-label">
      Input, a JSON object
      <textarea
        className="field act-code"
        rows={Math.min(16, (given.text["input"] ?? "").split("\n").length + 1)}
        spellCheck={false}
        value={given.text["input"]}
        onChange={(event) => change(event.target.value)}
      />
      {given.problem && <span className="act-problem">{given.problem}</span>}
    </label>
  );
}

function EventFields({ given, onChange }: FieldProps) {
  const { event: name = "", payload = "" } = given.text;
  function change(text: { readonly event: string; readonly payload: string }): void {
    const read = text.payload.trim() === "" ? { value: undefined, problem: null } : readJson(text.payload);
    const problem = text.event.trim() === "" ? "An event has a name" : read.problem;
    const { payload: _, ...rest } = given.with;
    const said = read.value === undefined ? {} : { payload: read.value };
    onChange({ with: { ...rest, event: text.event.trim(), ...said }, text, problem });
  }
  return (
    <>
      <label className="act-label">
        Name of the event
        <input className="field" value={name} onChange={(event) => change({ event: event.target.value, payload })} />
      </label>
      <label className="act-label">
        What it says, as JSON (may be left out)
        <textarea
          className="field act-code"
          rows={3}
          spellCheck={false}
          value={payload}
          onChange={(event) => change({ event: name, payload: event.target.value })}
        />
      </label>
      {given.problem && <span className="act-problem">{given.problem}</span>}
    </>
  );
}

function DownstreamField({ given, onChange }: FieldProps) {
  return (
    <label>
      <input
        type="checkbox"
        checked={given.with["downstream"] === true}
        onChange={(event) => onChange({ ...given, with: { ...given.with, downstream: event.target.checked } })}
      />{" "}
      And after it all that was made from it, in its order
    </label>
  );
}

function PriorityField({ given, onChange }: FieldProps) {
  function change(priority: string): void {
    const number = Number(priority);
    const problem = priority !== "" && Number.isInteger(number) ? null : "A priority is a whole number";
    onChange({ with: problem ? given.with : { ...given.with, priority: number }, text: { priority }, problem });
  }
  return (
    <label className="act-label">
      Priority; higher goes first
      <input
        className="field"
        type="number"
        value={given.text["priority"]}
        onChange={(event) => change(event.target.value)}
      />
      {given.problem && <span className="act-problem">{given.problem}</span>}
    </label>
  );
}

function readJson(text: string): { readonly value: unknown; readonly problem: string | null } {
  try {
    return { value: JSON.parse(text) as unknown, problem: null };
  } catch (error) {
    return { value: undefined, problem: error instanceof Error ? error.message : String(error) };
  }
}
