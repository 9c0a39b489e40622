/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the parse of config.json: every section's table and check, on a document that may be anything. */
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct spec *spec = NULL;
	json_t *document = NULL;

	if (json_read_text((const char *)data, size, "config.json", &document, &err) < 0)
		return 0;
	if (spec_parse(document, &spec, &err) == 0)
		spec_free(spec);
	json_decref(document);
	return 0;
}
