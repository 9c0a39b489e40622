/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd_annotations - see systemd_annotations.h.
 *
 * Annotations come from whoever may start a container, and systemd would take any property from us as root's word. So
 * this is a list of those that change nothing but how systemd ends and forgets the container's own scope, and when. Not
 * on it, among the rest: limits and devices, which the specification says elsewhere, where they are checked; what a
 * limit is to be put on (PIDs, Slice, ControlGroup); what lets a scope go uncollected or unkilled (KillMode, SendSIGKILL);
 * and every relation to another unit but one, for with Wants=, Conflicts=, OnFailure= or PartOf= a container could start
 * and stop the host's services, and with Before= delay them.
 */
#include "systemd_annotations.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "error.h"
#include "gvariant.h"
#include "str.h"

#define PREFIX "org.systemd.property."
#define SECOND_US 1000000U
#define TIME_MAX_US (86400U * (uint64_t)SECOND_US * 365) /* a year: whoever wants more wants none */
#define TIMEOUT_MAX_US                                                                             \
	(86400U * (uint64_t)SECOND_US) /* a day, for the host's shutdown waits for it */
#define QUEUED_NAME_MAX 255	       /* bytes of a unit's name */

struct rule {
	const char *name;
	int (*write)(const struct rule *rule, const struct gvariant *value, FILE *out);
	const char *wants; /* what a value must be, for the refusal */
	uint64_t max;
};

static int write_bool(const struct rule *rule, const struct gvariant *value, FILE *out)
{
	if (value->kind != GVARIANT_BOOL)
		return -EINVAL;
	(void)fprintf(out, "0 %s b %s\n", rule->name, value->boolean ? "true" : "false");
	return 0;
}

/* Each scope has it already: without it systemd would take the container's folders for its own. */
static int write_delegate(const struct rule *rule, const struct gvariant *value, FILE *out)
{
	(void)rule;
	(void)out;
	return value->kind == GVARIANT_BOOL && value->boolean ? 0 : -EINVAL;
}

/* The same: a scope that failed and stays would be in the way of the next of its name. */
static int write_collect(const struct rule *rule, const struct gvariant *value, FILE *out)
{
	(void)rule;
	(void)out;
	return value->kind == GVARIANT_STRING && str_eq(value->strings[0], "inactive-or-failed") ?
		       0 :
		       -EINVAL;
}

static int write_time(const struct rule *rule, const struct gvariant *value, FILE *out)
{
	if (value->kind != GVARIANT_INTEGER || value->negative || value->magnitude < 1 ||
	    value->magnitude > rule->max)
		return -EINVAL;
	(void)fprintf(out, "0 %s t %" PRIu64 "\n", rule->name, value->magnitude);
	return 0;
}

static int write_signal(const struct rule *rule, const struct gvariant *value, FILE *out)
{
	if (value->kind != GVARIANT_INTEGER || value->negative || value->magnitude < 1 ||
	    value->magnitude > (uint64_t)SIGRTMAX)
		return -EINVAL;
	(void)fprintf(out, "0 %s i %" PRIu64 "\n", rule->name, value->magnitude);
	return 0;
}

/* Services alone, as engines name themselves here: so that a container ends before what it needs to end well. */
static int write_services(const struct rule *rule, const struct gvariant *value, FILE *out)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:\\@-";

	if (value->kind != GVARIANT_STRINGS)
		return -EINVAL;
	for (size_t i = 0; i < value->n; i++) {
		const char *s = value->strings[i];
		size_t len = strlen(s), suffix = strlen(".service");

		if (len <= suffix || len > QUEUED_NAME_MAX || strspn(s, chars) != len ||
		    !str_eq(s + len - suffix, ".service"))
			return -EINVAL;
	}
	(void)fprintf(out, "0 %s as", rule->name);
	for (size_t i = 0; i < value->n; i++)
		(void)fprintf(out, " %s", value->strings[i]);
	(void)fputc('\n', out);
	return 0;
}

static const struct rule rules[] = {
	{ "After", write_services, "a list of services, such as ['crio.service']", 0 },
	{ "CollectMode", write_collect, "'inactive-or-failed'", 0 },
	{ "DefaultDependencies", write_bool, "true or false", 0 },
	{ "Delegate", write_delegate, "true", 0 },
	{ "KillSignal", write_signal, "the number of a signal", 0 },
	{ "RuntimeMaxUSec", write_time, "a number of microseconds, at most a year", TIME_MAX_US },
	{ "TimeoutStopUSec", write_time, "a number of microseconds, at most a day", TIMEOUT_MAX_US },
};

#define RULES_TEXT                                                                                 \
	"After, CollectMode, DefaultDependencies, Delegate, KillSignal, RuntimeMaxUSec and TimeoutStopUSec"

/* Microseconds instead of seconds; what is not a number of seconds stays what it is, and fits nothing. */
static void seconds_to_us(struct gvariant *value)
{
	double us = value->kind == GVARIANT_DOUBLE ? value->number * SECOND_US : 0;

	if (value->kind == GVARIANT_INTEGER &&
	    __builtin_mul_overflow(value->magnitude, SECOND_US, &value->magnitude))
		value->magnitude = UINT64_MAX;
	if (us >= 1 && us <= (double)TIME_MAX_US) {
		value->kind = GVARIANT_INTEGER;
		value->magnitude = (uint64_t)us;
	}
}

/* "TimeoutStopSec" is TimeoutStopUSec in seconds. */
static bool is_in_seconds(const char *name, const char *rule_name)
{
	size_t len = strlen(name), stem = len - strlen("Sec");

	return len > strlen("Sec") && str_eq(name + stem, "Sec") &&
	       strncmp(name, rule_name, stem) == 0 && str_eq(rule_name + stem, "USec");
}

static int write_one(FILE *out, const char *name, const char *text, struct error *err)
{
	struct gvariant value;
	char quoted[160];

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		bool seconds = is_in_seconds(name, rules[i].name);
		int r;

		if (!seconds && !str_eq(name, rules[i].name))
			continue;
		r = gvariant_parse(text, &value);
		if (r == 0 && seconds)
			seconds_to_us(&value);
		if (r == 0)
			r = rules[i].write(&rules[i], &value, out);
		if (r < 0)
			return error_text(err, EINVAL, "annotations.%s%s: '%s' is not %s%s", PREFIX,
					  name, str_quote(text, quoted, sizeof(quoted)),
					  rules[i].wants, seconds ? ", here in seconds" : "");
		return 0;
	}
	return error_text(err, EPERM,
			  "annotations.%s%s: an annotation may set " RULES_TEXT
			  " of the container's scope, and nothing else",
			  PREFIX, str_quote(name, quoted, sizeof(quoted)));
}

int systemd_annotations_write(FILE *out, const struct json_strmap *annotations, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < annotations->n; i++) {
		const char *name = str_after(annotations->items[i].key, PREFIX);

		if (name)
			r = write_one(out, name, annotations->items[i].value, err);
	}
	return r;
}
