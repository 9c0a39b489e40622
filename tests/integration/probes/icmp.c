/* SPDX-License-Identifier: GPL-2.0-or-later */
/* icmp - an ICMP echo request through a datagram socket, which wants no privilege but net.ipv4.ping_group_range. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

int main(int argc, char **argv)
{
	const struct timeval limit = { .tv_sec = 5 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct icmphdr request = { .type = ICMP_ECHO }, reply;
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	if (fd < 0) {
		perror("socket");
		return 1;
	}
	if (argc != 2 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: icmp ADDRESS\n");
		return 2;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < (ssize_t)sizeof(reply)) {
		perror("icmp");
		return 1;
	}
	printf("reply %d\n", reply.type);
	return reply.type != ICMP_ECHOREPLY;
}
