/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keys - the session keyring as seen from a process.
 *
 *   keys host COMMAND...	make a session with the key "host-secret" in it, run COMMAND there, say what became of the key
 *   keys spy			print the description of each key in the session keyring, and overwrite it
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEYS_MAX 64

static long keyctl(int operation, long a, long b, long c)
{
	return syscall(SYS_keyctl, operation, a, b, c, 0L);
}

static int host(char **command)
{
	char value[64] = "";
	long key;
	pid_t pid;

	if (keyctl(KEYCTL_JOIN_SESSION_KEYRING, (long)"bulwark-it-session", 0, 0) < 0)
		return 1;
	key = syscall(SYS_add_key, "user", "host-secret", "untouched", strlen("untouched"),
		      KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if (keyctl(KEYCTL_READ, key, (long)value, sizeof(value) - 1) < 0)
		return 1;
	printf("host: %s\n", value);
	return 0;
}

static int spy(void)
{
	long ring = keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0);
	int keys[KEYS_MAX];
	long bytes = keyctl(KEYCTL_READ, ring, (long)keys, sizeof(keys));

	for (long i = 0; i < bytes / (long)sizeof(keys[0]) && i < KEYS_MAX; i++) {
		char description[256] = "";

		(void)keyctl(KEYCTL_DESCRIBE, keys[i], (long)description, sizeof(description) - 1);
		printf("SEEN %s\n", description);
		if (keyctl(KEYCTL_UPDATE, keys[i], (long)"overwritten", strlen("overwritten")) == 0)
			printf("OVERWRITTEN\n");
	}
	printf("LOOKED\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "host") == 0)
		return host(argv + 2);
	if (argc == 2 && strcmp(argv[1], "spy") == 0)
		return spy();
	fprintf(stderr, "usage: keys host COMMAND...|spy\n");
	return 2;
}
