/*
 * notify.c
 *	  What happens to migrations, told by NOTIFY on migrator.notify_channel.
 *
 * The payload is a JSON object with the same keys always.  Nothing in it is not on
 * record as well: values of variables were taken out of messages before they
 * came here.  Texts of any length come, and what does not fit is cut, the message
 * last of all, for it has what room the rest leaves.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "base/outbox.h"
#include "base/settings.h"
#include "run/notify.h"

/* bytes of the JSON string of a name, and of the end of an object behind its message */
#define NAME_AT_MOST 1000
#define END_OF_OBJECT 2

typedef struct Event
{
	const char *event;
	int64		run_id;			/* 0: none */
	const char *service;
	const char *environment;	/* the following may be NULL */
	const char *version;
	const char *name;
	double		duration_ms;	/* < 0: none */
	const char *sqlstate;
	const char *message;
} Event;

static void put(const Event *event);
static void append_text(StringInfo json, const char *key, const char *text, int room);
static char *cut(const char *text, int room);

void
notify_run_started(const RunEntry *run, int selected)
{
	Event		event = {
		.event = "run_started",
		.run_id = run->run_id,
		.service = run->service,
		.environment = run->environment,
		.name = run->kind,
		.duration_ms = -1,
		.message = psprintf(ngettext("%d migration is chosen", "%d migrations are chosen", selected), selected)
	};

	put(&event);
}

void
notify_entry(const RecordEntry *entry)
{
	bool		migration = strcmp(entry->event, "applied") == 0 || strcmp(entry->event, "failed") == 0;
	bool		back = strcmp(entry->event, "rolled_back") == 0 || strcmp(entry->event, "rollback_failed") == 0;
	Event		event = {
		.event = entry->error_sqlstate ? "failed" : entry->event,
		.run_id = entry->run_id,
		.service = entry->service,
		.environment = entry->environment,
		.version = entry->version,
		.name = entry->name,
		.duration_ms = entry->execution_time_ms,
		.sqlstate = entry->error_sqlstate,
		.message = entry->error_message
	};

	if (entry->error_sqlstate == NULL && !migration && !back)
		return;
	if (entry->error_message != NULL && back)
		event.message = psprintf("rollback failed: %.*s", OUTBOX_PAYLOAD_LIMIT, entry->error_message);
	else if (entry->error_message != NULL && !migration)
		event.message = psprintf("%s failed: %.*s", entry->event, OUTBOX_PAYLOAD_LIMIT, entry->error_message);
	put(&event);
}

void
notify_run_finished(const RunEntry *run)
{
	const char *message = run->error_message;
	bool		back = strcmp(run->kind, "down") == 0 || strcmp(run->kind, "rollback") == 0;
	Event		event = {
		.event = "run_finished",
		.run_id = run->run_id,
		.service = run->service,
		.environment = run->environment,
		.name = run->kind,
		.duration_ms = run->duration_ms,
		.sqlstate = run->error_sqlstate
	};

	if (strcmp(run->kind, "reset") == 0 || strcmp(run->outcome, "interrupted") == 0)
		event.message = message;
	else
		event.message = psprintf(back ? "Rolled back: %d, Failed: %d%s%.*s" : "Applied: %d, Failed: %d%s%.*s",
								 run->applied, run->failed, message ? ": " : "", OUTBOX_PAYLOAD_LIMIT, message ? message : "");
	put(&event);
}

void
notify_drift(int64 run_id, const char *service, const char *environment, int count, const char *message)
{
	Event		event = {
		.event = "drift_found",
		.run_id = run_id,
		.service = service,
		.environment = environment,
		.duration_ms = -1
	};

	event.message = psprintf(ngettext("%d object is not as runs left it%s%.*s", "%d objects are not as runs left them%s%.*s", count),
							 count, message ? ": " : "", OUTBOX_PAYLOAD_LIMIT, message ? message : "");
	put(&event);
}

static void
put(const Event *event)
{
	StringInfoData json;

	if (migrator_notify_channel == NULL || migrator_notify_channel[0] == '\0')
		return;
	initStringInfo(&json);
	appendStringInfo(&json, "{\"event\": \"%s\", \"run_id\": %s", event->event,
					 event->run_id != 0 ? psprintf(INT64_FORMAT, event->run_id) : "null");
	append_text(&json, "service", event->service, NAME_AT_MOST);
	append_text(&json, "environment", event->environment, NAME_AT_MOST);
	append_text(&json, "version", event->version, NAME_AT_MOST);
	append_text(&json, "name", event->name, NAME_AT_MOST);
	appendStringInfo(&json, ", \"duration_ms\": %s",
					 event->duration_ms >= 0 ? psprintf("%.3f", event->duration_ms) : "null");
	append_text(&json, "sqlstate", event->sqlstate, NAME_AT_MOST);
	append_text(&json, "message", event->message,
				OUTBOX_PAYLOAD_LIMIT - json.len - (int) strlen(", \"message\": ") - END_OF_OBJECT);
	appendStringInfoChar(&json, '}');
	outbox_put(event->run_id, migrator_notify_channel, json.data);
	pfree(json.data);
}

/* The JSON string has at most so many bytes. */
static void
append_text(StringInfo json, const char *key, const char *text, int room)
{
	int			start;

	appendStringInfo(json, ", \"%s\": ", key);
	start = json->len;
	if (text == NULL)
		appendStringInfoString(json, "null");
	else if (strnlen(text, room) < room)
		escape_json(json, text);
	if (json->len > start && json->len - start <= room)
		return;
	json->len = start;
	escape_json(json, cut(text, room));
}

/* What of a text fits into a JSON string of so many bytes, with dots behind it. */
static char *
cut(const char *text, int room)
{
	StringInfoData escaped;
	char		character[MAX_MULTIBYTE_CHAR_LEN + 1];
	const char *p;
	int			length;

	initStringInfo(&escaped);
	room -= strlen("\"...\"");
	for (p = text; *p != '\0'; p += length)
	{
		length = strnlen(p, Min(pg_mblen(p), MAX_MULTIBYTE_CHAR_LEN));
		strlcpy(character, p, length + 1);
		resetStringInfo(&escaped);
		escape_json(&escaped, character);
		room -= escaped.len - (int) strlen("\"\"");
		if (room < 0)
			break;
	}
	pfree(escaped.data);
	return psprintf("%.*s...", (int) (p - text), text);
}
