/* SPDX-License-Identifier: GPL-2.0-or-later */
/* links TARGET FOLDER - makes a symbolic link in the folder for each name on standard input; one process for hundreds. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char name[256];

	if (argc != 3 || chdir(argv[2]) < 0)
		err(2, "links TARGET FOLDER");
	while (fgets(name, sizeof(name), stdin)) {
		name[strcspn(name, "\n")] = '\0';
		if (symlink(argv[1], name) < 0 && errno != EEXIST)
			err(1, "%s", name);
	}
	return 0;
}
