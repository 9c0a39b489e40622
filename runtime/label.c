/* SPDX-License-Identifier: GPL-2.0-or-later */
/* label - see label.h. */
#include "label.h"

#include <errno.h>
#include <stdbool.h>

#include "apparmor.h"
#include "error.h"
#include "process.h"
#include "selinux.h"

static bool is_selinux(const struct process *process)
{
	return process->selinux_label && *process->selinux_label;
}

int label_check(const struct process *process, struct error *err)
{
	int r = selinux_check("process.selinuxLabel", process->selinux_label, err);

	return r < 0 ? r : apparmor_check(process->apparmor_profile, err);
}

bool label_is_asked(const struct process *process)
{
	return is_selinux(process) || process->apparmor_profile;
}

int label_open(int folder_fd, const struct process *process, int *ret_fd, struct error *err)
{
	*ret_fd = -EBADF;
	if (is_selinux(process)) /* then a profile can only be "unconfined", which is what it is: label_check() */
		return selinux_open(folder_fd, ret_fd, err);
	return apparmor_open(folder_fd, process->apparmor_profile, ret_fd, err);
}

int label_change_on_exec(int fd, const struct process *process, struct error *err)
{
	if (fd >= 0 && is_selinux(process))
		return selinux_change_on_exec(fd, process->selinux_label, err);
	return apparmor_change_on_exec(fd, process->apparmor_profile, err);
}
