/** The answer to a question of a plan: yes or no, and the values that it asks for. */

import type { Question } from "~/parts/acting/questions";
import type { Given } from "~/parts/acting/WithFields";

interface AnswerFieldsProps {
  readonly question: Question;
  readonly given: Given;
  readonly onChange: (given: Given) => void;
}

const NUMBERS = new Set(["integer", "number", "decimal"]);

export function AnswerFields({ question, given, onChange }: AnswerFieldsProps) {
  function change(changed: Readonly<Record<string, string>>): void {
    onChange(read({ ...given.text, ...changed }, question, given));
  }
  return (
    <fieldset className="act-answer">
      <legend>{question.text}</legend>
      <div className="act-choice">
        {["yes", "no"].map((verdict) => (
          <label key={verdict}>
            <input
              type="radio"
              name="verdict"
              autoFocus={verdict === "yes"}
              checked={given.text[VERDICT] === verdict}
              onChange={() => change({ [VERDICT]: verdict })}
            />{" "}
            {verdict === "yes" ? "Yes" : "No"}
          </label>
        ))}
      </div>
      {Object.entries(question.fields).map(([name, type]) => (
        <AnswerField
          key={name}
          name={name}
          type={type}
          value={given.text[name] ?? ""}
          onChange={(value) => change({ [name]: value })}
        />
      ))}
    </fieldset>
  );
}

interface AnswerFieldProps {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function AnswerField({ name, type, value, onChange }: AnswerFieldProps) {
  return (
    <label className="act-label">
      <span>
        {name} <span className="faint">{type}</span>
      </span>
      {type === "boolean" ? (
        <select className="field" value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">not said</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <input
          className="field"
          type={type === "date" ? "date" : "text"}
          inputMode={NUMBERS.has(type) ? "decimal" : "text"}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </label>
  );
}

/** No field of a question can be called this. */
const VERDICT = " verdict";

function read(text: Readonly<Record<string, string>>, question: Question, given: Given): Given {
  const verdict = text[VERDICT];
  const fields = Object.keys(question.fields).flatMap((name) => (text[name] ? [[name, text[name]] as const] : []));
  return {
    with: { ...given.with, ...(verdict && { answer: verdict }), fields: Object.fromEntries(fields) },
    text,
    problem: verdict ? null : "Choose yes or no",
  };
}
