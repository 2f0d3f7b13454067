/** The one dialog for every action: what it would touch, what is refused and why, the reason, the command line. */

import { type FormEvent, useId, useState } from "react";
import type { ActBody, Acted } from "~/api/details";
import { ApiError, post } from "~/api/client";
import { liveStream } from "~/api/live";
import { CommandLines, Refused, Touched } from "~/parts/acting/ActPreview";
import { WithFields, startWith } from "~/parts/acting/WithFields";
import type { ActRequest } from "~/parts/acting/acting";
import { type Preview, usePreview } from "~/parts/acting/preview";
import { calledTarget } from "~/parts/acting/targets";
import { VERBS } from "~/parts/acting/verbs";
import { Loading } from "~/parts/Answer";
import { Dialog } from "~/parts/Dialog";
import { ErrorNotice } from "~/parts/Notice";

interface ActDialogProps {
  readonly request: ActRequest;
  readonly onClose: () => void;
  readonly onDone: (acted: Acted) => void;
}

export function ActDialog({ request, onClose, onDone }: ActDialogProps) {
  const face = VERBS[request.verb];
  const form = useId();
  const [key] = useState(() => crypto.randomUUID());
  const [given, setGiven] = useState(() => startWith(request));
  const [reason, setReason] = useState("");
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const preview = usePreview(request, given, reason, round);
  const touches = preview.acted?.touched.length ?? 0;
  const needsReason = preview.acted?.needs_reason ?? false;

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault();
    setSending(true);
    setFailure(null);
    try {
      const acted = await post<Acted>(`/actions/${request.verb}`, { ...agreedTo(preview), preview: false }, { key });
      if (acted.touched.length > 0) onDone(acted);
      else setRound(round + 1); // others were faster: the preview says what stands against it, and nothing typed is lost
      liveStream.announceChange();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFailure(error);
    }
    setSending(false);
  }

  return (
    <Dialog
      title={titleOf(request, touches)}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
          <button
            type="submit"
            form={form}
            className={`button button-main${face.ends ? " button-ends" : ""}`}
            disabled={sending || preview.stale || touches === 0 || (needsReason && reason.trim() === "") || given.problem !== null}
          >
            {touches > 1 ? `${face.label} ${touches}` : face.label}
          </button>
        </>
      }
    >
      <form id={form} className="act" onSubmit={(event) => void send(event)}>
        <p className="soft">{face.means}</p>
        <WithFields request={request} given={given} onChange={setGiven} />
        {preview.error && <ErrorNotice error={preview.error} />}
        {!preview.acted && !preview.error && given.problem === null && <Loading />}
        {preview.acted && <Touched acted={preview.acted} />}
        {preview.acted && <Refused acted={preview.acted} />}
        <label className="act-label">
          {face.asks ?? (needsReason ? "Why? It goes against what is declared, so a reason is required" : "Why? It is kept with your name")}
          <textarea
            className="field"
            name="reason"
            rows={2}
            required={needsReason}
            autoFocus={!request.question}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        {preview.acted && <CommandLines lines={preview.acted.cli} />}
        {failure && <ErrorNotice error={failure} />}
      </form>
    </Dialog>
  );
}

/** Return what is sent: where a query was asked, what it has found and a person has seen, whatever it finds by now. */
function agreedTo({ body: { query, ...rest }, acted }: Preview): ActBody {
  return query && acted ? { ...rest, targets: acted.touched.map(({ target }) => target) } : rest;
}

function titleOf(request: ActRequest, touches: number): string {
  const { label } = VERBS[request.verb];
  const [only, ...others] = request.targets ?? [];
  if (only !== undefined && others.length === 0) return `${label}: ${calledTarget(only)}`;
  return touches > 0 ? `${label} ${touches} at once` : label;
}
