/* SPDX-License-Identifier: GPL-2.0-or-later */
/* degraded - see degraded.h. */
#include "degraded.h"

#include "containers.h"
#include "error.h"

#define ANNOTATION "io.bulwark.degraded"

json_t *degraded_list(struct error *err)
{
	json_t *all, *at, *degraded = json_array();
	size_t i;

	all = containers_list(err);
	if (!all) {
		json_decref(degraded);
		return NULL;
	}
	json_array_foreach(all, i, at) {
		json_t *missing = json_object_get(json_object_get(at, "annotations"), ANNOTATION);
		json_t *row;

		if (!missing)
			continue;
		row = json_pack("{s:O, s:O, s:O}", "id", json_object_get(at, "id"), "root",
				json_object_get(at, "root"), "missing", missing);
		if (row)
			(void)json_array_append_new(degraded, row);
	}
	json_decref(all);
	return degraded;
}
