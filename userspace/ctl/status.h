/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status - owns the words for what a kernel lacks. */
#pragma once

struct lsm_hook_info;

/* One line on standard output: what is not enforced, or not recorded, without this hook or witness. */
void status_print_missing(const struct lsm_hook_info *hook);
