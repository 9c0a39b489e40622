/* SPDX-License-Identifier: GPL-2.0-or-later */
/* personality - see personality.h. */
#include "personality.h"

#include <errno.h>
#include <sys/personality.h>

#include "error.h"
#include "str.h"

struct personality_text {
	const char *domain;
	const char **flags;
};

static const struct json_field personality_fields[] = {
	JSON_F_REQUIRED(struct personality_text, domain, "domain", JSON_STRING_FIELD),
	JSON_F(struct personality_text, flags, "flags", JSON_STRV_FIELD),
	JSON_F_END,
};

int personality_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct personality *personality = out;
	struct personality_text text = { 0 };
	char quoted[64];
	int r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	r = json_parse_object(arena, value, personality_fields, &text, err);
	if (r < 0)
		return error_prefix(err, ".");
	if (text.flags && text.flags[0])
		return error_text(err, EINVAL, ".flags: unknown flag '%s'",
				  str_quote(text.flags[0], quoted, sizeof(quoted)));
	if (!str_eq(text.domain, "LINUX") && !str_eq(text.domain, "LINUX32"))
		return error_text(err, EINVAL, ".domain: unknown value '%s'",
				  str_quote(text.domain, quoted, sizeof(quoted)));
	*personality = (struct personality){
		.set = true,
		.domain = str_eq(text.domain, "LINUX32") ? PER_LINUX32 : PER_LINUX,
	};
	return 0;
}

int personality_apply(const struct personality *p, struct error *err)
{
	if (p->set && personality(p->domain) < 0)
		return error_set(err, errno, "linux.personality: cannot set it");
	return 0;
}
