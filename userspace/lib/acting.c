/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acting - see acting.h. */
#include "acting.h"

#include <errno.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "error.h"

int acting_begin(uid_t uid, struct error *err)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0 || seteuid(uid) < 0)
		return error_set(err, errno, "cannot act as user %u", uid);
	return 0;
}

int acting_end(struct error *err)
{
	if (seteuid(0) < 0 || prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot act as root again");
	return 0;
}
