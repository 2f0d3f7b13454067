/** Characters that mean something to a terminal and nothing to a page: the API takes colours out, this the rest. */

const ESC = "\u001b";
// A title up to BEL or ESC \, or what else begins with ESC; then every control character but the tab.
const SEQUENCE = `${ESC}(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)?|.)?`;
const CONTROLS = new RegExp(`${SEQUENCE}|[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f]`, "g");

export function withoutControls(line: string): string {
  return line.replace(CONTROLS, "");
}
