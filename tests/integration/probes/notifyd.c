/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notifyd PATH - a service manager's end of NOTIFY_SOCKET: prints each message on a line of its own, with "|" for a
 * newline in it. Descriptors that come (BARRIER=1) are closed, as the manager does it.
 *
 * notifyd -s PATH MESSAGE... - the service's end: sends these.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int send_it = argc > 3 && strcmp(argv[1], "-s") == 0;
	const char *path = argc > 1 ? argv[send_it ? 2 : 1] : "";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(sa_family_t) + (socklen_t)strlen(path);
	char text[4096];
	ssize_t n;

	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, path);
	if (*path == '@')
		address.sun_path[0] = '\0';
	for (int i = 3; send_it && i < argc; i++)
		if (sendto(sock, argv[i], strlen(argv[i]), 0, (struct sockaddr *)&address, len) < 0) {
			perror(path);
			return 1;
		}
	if (send_it)
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (bind(sock, (struct sockaddr *)&address, len) < 0) {
		perror(path);
		return 1;
	}
	printf("listening\n");
	while ((n = recv(sock, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = '\0';
		for (char *c = strchr(text, '\n'); c; c = strchr(c, '\n'))
			*c = '|';
		printf("%s\n", text);
	}
	return 1;
}
