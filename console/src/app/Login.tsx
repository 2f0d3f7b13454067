/** Says who is there, where the server asks. */

import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, post } from "~/api/client";
import { ErrorNotice } from "~/parts/Notice";

export function Login() {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Log in · Ostinato";
  }, []);
  useEffect(() => {
    if (error) password.current?.select();
  }, [error]);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await post("/session", { name: form.get("name"), password: form.get("password") });
      location.assign(placeToGo());
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form className="panel login-form" onSubmit={(event) => void submit(event)}>
        <h1>Ostinato</h1>
        {error && <ErrorNotice error={error} />}
        <label>
          Name
          <input className="field" name="name" autoComplete="username" required autoFocus />
        </label>
        <label>
          Password
          <input ref={password} className="field" name="password" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit" className="button button-main" disabled={busy}>
          Log in
        </button>
      </form>
    </main>
  );
}

/** Return the page that was asked for; never one of another server. */
function placeToGo(): string {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  return new URL(next, location.origin).origin === location.origin && next.startsWith("/") ? next : "/";
}
