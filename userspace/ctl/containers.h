/* SPDX-License-Identifier: GPL-2.0-or-later */
/* containers - owns the list of all containers of this host, of any engine, which the runtime beside this program has. */
#pragma once

#include <jansson.h>

struct error;

/* As of `bulwark list --all-roots --format json`; empty without a runtime beside us. New reference, or NULL with @err set. */
json_t *containers_list(struct error *err);
