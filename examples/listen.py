#!/usr/bin/env python3
"""listen.py [CHANNEL]: posts to a chat what migrator tells by NOTIFY, with psycopg 3.

WEBHOOK_URL is where to post to, as Slack, Mattermost and others take it. The database is DATABASE_URL, or what PGHOST,
PGDATABASE, PGUSER, ... say; the channel is "migrator" unless given. One message for each run that ended, for drift, and for
a seed that failed.

It connects again when the connection is lost, and then posts the runs that ended meanwhile, if its role may read them:
GRANT SELECT ON migrator.runs. What the webhook does not take after some tries is left out, with a line on standard error.
"""
import collections
import html
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request

import psycopg
from psycopg import sql

WEBHOOK = os.environ.get("WEBHOOK_URL", "")
DATABASE = os.environ.get("DATABASE_URL", "")
CHANNEL = sys.argv[1] if len(sys.argv) > 1 else "migrator"
# seconds between two tries to post, and the longest between two tries to connect
POST_PAUSES = (1, 5, 25)
LONGEST_PAUSE = 60

WHAT = {"down": "Rollback", "rollback": "Rollback", "reset": "Reset"}
# run_ids, and messages of drift by service, that were posted
posted = collections.deque(maxlen=10000)
drifts = {}


def say(text):
    print(text, file=sys.stderr, flush=True)


def duration(ms):
    if ms is None:
        return "-"
    return f"{ms / 1000:.1f} s" if ms < 60000 else f"{int(ms // 60000)} min {int(ms % 60000 // 1000)} s"


def message(event):
    """What the chat is sent. An error's text may hold anything: < and & would be commands there."""
    what = WHAT.get(event["name"], "Migration")
    if event["event"] == "drift_found":
        text, color = "⚠️ The schema is not as migrations left it", "warning"
    elif event["sqlstate"] is not None:
        text, color = f"❌ {what} failed", "danger"
    else:
        text, color = f"✅ {what} completed successfully", "good"
    fields = {"Service": event["service"], "Environment": event["environment"] or "-", "Duration": duration(event["duration_ms"])}
    return {
        "text": text,
        "attachments": [{
            "color": color,
            "text": html.escape(event["message"] or "", quote=False),
            "fields": [{"title": title, "value": html.escape(value, quote=False), "short": True} for title, value in fields.items()],
        }],
    }


def post(event):
    """Errors do not name the URL, which is a secret."""
    request = urllib.request.Request(WEBHOOK, json.dumps(message(event)).encode(), {"Content-Type": "application/json"})
    for pause in (*POST_PAUSES, None):
        try:
            urllib.request.urlopen(request, timeout=10).close()
            return
        except urllib.error.HTTPError as error:
            say(f"the webhook refused {event['event']} of run {event['run_id']}: {error.code} {error.reason}")
            if error.code < 500 and error.code != 429:
                return
        except OSError as error:
            say(f"the webhook did not take {event['event']} of run {event['run_id']}: {error}")
        if pause is not None:
            time.sleep(pause)


def handle(event):
    if event["event"] == "run_finished":
        if event["run_id"] in posted:
            return
        posted.append(event["run_id"])
        drifts.pop(event["service"], None)
    elif event["event"] == "drift_found":
        if drifts.get(event["service"]) == event["message"]:
            return
        drifts[event["service"]] = event["message"]
    elif event["event"] != "failed" or event["run_id"] is not None:
        return
    post(event)


def missed(since):
    """Runs that ended since then. In a connection of its own: the other one has notifications to keep."""
    with psycopg.connect(DATABASE) as connection:
        if since is None:
            return connection.execute("SELECT clock_timestamp()").fetchone()[0]
        try:
            runs = connection.execute(
                "SELECT run_id, service, environment, kind, duration_ms, outcome, coalesce(applied, 0), coalesce(failed, 0)"
                " FROM migrator.runs WHERE finished_at > greatest(%s, clock_timestamp() - interval '1 day') AND kind <> 'baseline'"
                " ORDER BY run_id", (since,)).fetchall()
        except psycopg.errors.InsufficientPrivilege as error:
            say(f"runs that ended meanwhile are not known: {error.diag.message_primary}")
            runs = []
    for run_id, service, environment, kind, ms, outcome, applied, failed in runs:
        handle({"event": "run_finished", "run_id": run_id, "service": service, "environment": environment, "name": kind,
                "duration_ms": ms, "sqlstate": outcome if outcome in ("failed", "interrupted") else None,
                "message": f"Applied: {applied}, Failed: {failed}, outcome: {outcome}"})
    return since


def listen(since):
    """Until the connection is lost. Without a transaction that stays open: the server would have to keep the queue for it."""
    with psycopg.connect(DATABASE, autocommit=True, application_name="migrator listen.py", keepalives_idle=30,
                         keepalives_interval=10, keepalives_count=3) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        since = missed(since)
        say(f'listening on "{CHANNEL}"')
        yield since
        for notification in connection.notifies():
            try:
                event = json.loads(notification.payload)
                handle({key: event[key] for key in ("event", "run_id", "service", "environment", "name", "duration_ms", "sqlstate", "message")})
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                # anybody may NOTIFY
                say(f"no event of migrator's: {error!r}")


def main():
    since, pause = None, 1
    while True:
        try:
            for since in listen(since):
                pause = 1
        except psycopg.OperationalError as error:
            say(f"no connection: {error}")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


if not WEBHOOK.startswith(("https://", "http://")):
    sys.exit("WEBHOOK_URL is not set to an http or https URL\n\n" + __doc__)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
