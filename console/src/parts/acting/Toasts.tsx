/** What was done a moment ago, and the way back where there is one. */

import { useCallback, useEffect, useState } from "react";
import type { Acted, Undo } from "~/api/details";
import { calledTarget } from "~/parts/acting/targets";
import { faceOfVerb } from "~/parts/acting/verbs";
import { Told } from "~/parts/Told";

const SHOWN_FOR = 20_000;

interface Toast {
  readonly id: number;
  readonly acted: Acted;
}

let lastId = 0;

export function useToasts() {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const add = useCallback((acted: Acted) => {
    lastId += 1;
    const toast = { id: lastId, acted };
    setToasts((all) => [...all.slice(-2), toast]);
  }, []);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  return { toasts, add, drop };
}

interface ToastsProps {
  readonly toasts: readonly Toast[];
  readonly onDrop: (id: number) => void;
  readonly onUndo: (undo: Undo) => void;
}

export function Toasts({ toasts, onDrop, onUndo }: ToastsProps) {
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <ToastBox key={toast.id} toast={toast} onDrop={onDrop} onUndo={onUndo} />
      ))}
    </div>
  );
}

interface ToastBoxProps extends Omit<ToastsProps, "toasts"> {
  readonly toast: Toast;
}

function ToastBox({ toast, onDrop, onUndo }: ToastBoxProps) {
  const { id, acted } = toast;
  const { undo } = acted;
  useEffect(() => {
    const timer = window.setTimeout(() => onDrop(id), SHOWN_FOR);
    return () => window.clearTimeout(timer);
  }, [id, onDrop]);
  return (
    <div className={`toast tone-${toneOf(acted)}`}>
      <div className="toast-text">
        <strong>{told(acted)}</strong>
        {acted.refused.length > 0 && (
          <div className="soft">
            {`${acted.refused.length} refused: `}
            <Told text={acted.refused[0]?.why ?? ""} zone={null} />
          </div>
        )}
      </div>
      {undo && (
        <button
          type="button"
          className="button button-small"
          onClick={() => {
            onDrop(id);
            onUndo(undo);
          }}
        >
          Undo
        </button>
      )}
      <button type="button" className="button button-small button-plain" aria-label="Dismiss" onClick={() => onDrop(id)}>
        ✕
      </button>
    </div>
  );
}

function told({ verb, touched }: Acted): string {
  const [first, ...others] = touched;
  return `${faceOfVerb(verb).done}: ${first && others.length === 0 ? calledTarget(first.target) : `${touched.length} at once`}`;
}

function toneOf({ refused }: Acted): "good" | "doubt" {
  return refused.length === 0 ? "good" : "doubt";
}
