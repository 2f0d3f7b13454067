/** Who is there decides what is shown: the app, the login page, or that the server is away. */

import { Component, type ErrorInfo, type ReactNode, Suspense, useEffect } from "react";
import { rememberCsrf, whenLoginNeeded } from "~/api/client";
import { useResource } from "~/api/hooks";
import { liveStream } from "~/api/live";
import type { Me } from "~/api/types";
import { Login } from "~/app/Login";
import { MeProvider } from "~/app/me";
import { navigate, usePathname } from "~/app/router";
import { loadAllPages, routeOf } from "~/app/routes";
import { Shell } from "~/app/Shell";
import { followServerClock } from "~/app/time";
import { Loading } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { ErrorNotice } from "~/parts/Notice";
import { ActingProvider } from "~/parts/acting/acting";

const WHEN_AT_REST = 1_500;

whenLoginNeeded(() => {
  if (location.pathname === "/login") return;
  const next = location.pathname + location.search;
  navigate(`/login?next=${encodeURIComponent(next)}`, { replace: true });
});

const ASKED_EVERY = 30_000;
const ASKED_WHILE_AWAY = 3_000;

export function App() {
  const pathname = usePathname();
  return pathname === "/login" ? <Login /> : <Inside pathname={pathname} />;
}

function Inside({ pathname }: { readonly pathname: string }) {
  const { data: me, error, refresh } = useResource<Me>("/me");
  useStillThere(refresh, error?.isAway ? ASKED_WHILE_AWAY : ASKED_EVERY);
  useEffect(() => {
    if (!me) return;
    rememberCsrf(me.csrf);
    followServerClock(me.now); // as it comes, once: later it is an old time
  }, [me]);
  const isThere = me !== undefined;
  useEffect(() => {
    if (!isThere) return undefined;
    const timer = window.setTimeout(() => void loadAllPages(), WHEN_AT_REST);
    return () => window.clearTimeout(timer);
  }, [isThere]);
  if (me) {
    return (
      <MeProvider value={me}>
        <ActingProvider>
          <Shell>
            <PageAt pathname={pathname} />
          </Shell>
        </ActingProvider>
      </MeProvider>
    );
  }
  return error ? <ErrorNotice error={error} onRetry={refresh} /> : <Loading />;
}

/** Ask now and then, and when somebody comes back to the page, who is there: a session ends, and a role changes. */
function useStillThere(ask: () => void, every: number): void {
  useEffect(() => {
    const timer = window.setInterval(ask, every);
    const seen = (): void => {
      if (!document.hidden) ask();
    };
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [ask, every]);
}

function PageAt({ pathname }: { readonly pathname: string }) {
  const found = routeOf(pathname);
  const title = found ? found.route.title(found.params) : "Not found";
  useEffect(() => {
    document.title = `${title} · Ostinato`;
  }, [title]);
  if (!found) return <Empty title="There is no such page">The matrix of accounts and definitions is at the top left.</Empty>;
  const { Page } = found.route;
  return (
    <Broken key={pathname}>
      <Suspense fallback={<Loading />}>
        <Page params={found.params} />
      </Suspense>
    </Broken>
  );
}

/** Keeps a page that fails from taking the others with it. One that fails while the server is away comes when it is back. */
class Broken extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  private forget: () => void = () => undefined;

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
    if (liveStream.connection() !== "away") return;
    this.forget = liveStream.watch(() => {
      if (liveStream.connection() === "live") location.reload();
    });
  }

  override componentWillUnmount(): void {
    this.forget();
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    return (
      <Empty title="This page failed">
        {String(this.state.error)}. Other pages still work; loading it again may help, after an update of the server above
        all.{" "}
        <button type="button" className="button button-small" onClick={() => location.reload()}>
          Load again
        </button>
      </Empty>
    );
  }
}
