/** Why a slot is where it is: the verdict, and the gates behind it where these say more. */

import type { SlotDetails } from "~/api/types";
import { GateList } from "~/parts/GateList";
import { Told } from "~/parts/Told";

interface WhyProps {
  readonly explanation: SlotDetails["explanation"];
  readonly zone: string;
}

const IN_THE_VERDICT = "succeeded";

export function Why({ explanation: { verdict, gates }, zone }: WhyProps) {
  return (
    <>
      <p className="verdict">
        <Told text={verdict} zone={zone} />
      </p>
      <GateList gates={gates.filter(({ gate }) => gate !== IN_THE_VERDICT)} zone={zone} />
    </>
  );
}
