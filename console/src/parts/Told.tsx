/** A sentence of the server's, with the instants in it as times of the zone that a person reads. */

import { Time } from "~/app/time";

const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

interface ToldProps {
  readonly text: string;
  readonly zone?: string | null | undefined;
}

export function Told({ text, zone }: ToldProps) {
  return text.split(INSTANT).map((part, index) => (index % 2 === 1 ? <Time key={index} at={part} zone={zone} /> : part));
}
