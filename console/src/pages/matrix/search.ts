/** What is typed into the search of the matrix: words of names, and labels as `key:value`, in quotes where they have spaces. Pure. */

interface Label {
  readonly key: string;
  readonly value: string;
}

interface Search {
  readonly words: readonly string[];
  readonly labels: readonly Label[];
  /** What is wrong with it; it means what was read of it all the same. */
  readonly problem: string | null;
}

const SPACE = /\s/;

/** Read a search, as in `invoice tier:"very gold"`. A backslash takes away what a quote after it means. */
export function readSearch(text: string): Search {
  const texts = [""];
  let isQuoted = false;
  let isPlain = false;
  for (const character of text) {
    const last = texts.length - 1;
    if (isPlain) isPlain = false;
    else if (character === "\\") {
      isPlain = true;
      continue;
    } else if (character === '"') {
      isQuoted = !isQuoted;
      continue;
    } else if (!isQuoted && SPACE.test(character)) {
      texts.push("");
      continue;
    }
    texts[last] += character;
  }
  return {
    words: texts.filter((word) => word !== "" && labelOf(word) === null),
    labels: texts.flatMap((word) => labelOf(word) ?? []),
    problem: isQuoted ? `A quote is not closed: write ${text.trimEnd()}"` : null,
  };
}

function labelOf(word: string): Label | null {
  const at = word.indexOf(":");
  return at > 0 && at < word.length - 1 ? { key: word.slice(0, at), value: word.slice(at + 1) } : null;
}
