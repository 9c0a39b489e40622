/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup_none - see cgroup.h, "without a cgroup". Such a struct has no hierarchy, so that everything else about cgroups
 * finds nothing to do, and no folder of the host's is ever written to.
 */
#include <errno.h>
#include <stdlib.h>

#include "cgroup.h"
#include "cgroup_internal.h"
#include "error.h"
#include "namespaces.h"

int cgroup_plan_none(const struct namespaces *ns, struct cgroup **ret, struct error *err)
{
	if (ns->path[NS_PID])
		return error_text(err, EPERM,
				  "--cgroup-manager=disabled: a container without a cgroup needs a pid namespace of its "
				  "own, by which its processes are told from others: do not join one");
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : error_set(err, ENOMEM, "cgroup");
}

bool cgroup_is_none(const struct cgroup *cgroup)
{
	return cgroup->n == 0;
}
