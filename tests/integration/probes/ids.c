/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ids - prints who this process is: what a setuid bit or a file capability would change. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	char line[256], eff[64] = "?";
	FILE *f;

	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0)
		return 1;
	f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %63s", eff) == 1)
			break;
	printf("uid=%u,%u,%u gid=%u,%u,%u eff=%s\n", ruid, euid, suid, rgid, egid, sgid, eff);
	return 0;
}
