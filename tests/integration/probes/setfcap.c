/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setfcap FILE... - gives files every capability, in both forms that the kernel knows: version 2, which counts in the
 * initial user namespace, and version 3 with root id 0. capabilities(7), "File capability extended attribute
 * versioning". Says what worked; fails when nothing did.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	struct vfs_cap_data v2 = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };
	struct vfs_ns_cap_data v3 = { .magic_etc = VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE };
	int done = 0;

	for (int i = 0; i < 2; i++) {
		v2.data[i].permitted = i ? 0x1ffU : ~0U; /* 41 capabilities */
		v3.data[i].permitted = v2.data[i].permitted;
	}
	for (int i = 1; i < argc; i++) {
		if (setxattr(argv[i], "security.capability", &v2, sizeof(v2), 0) == 0)
			done++;
		else if (setxattr(argv[i], "security.capability", &v3, sizeof(v3), 0) == 0)
			done++;
		else
			perror(argv[i]);
	}
	printf("%d files with capabilities\n", done);
	return done == 0;
}
