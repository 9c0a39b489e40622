/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper - owns one container's monitor: /dev/fuse, the memory of workers, and one worker at a time. */
#pragma once

/* From START on MONITOR_SOCK_FD to the end of the container; with the exit status. @slice: the cgroup to be in, see slice.h */
int keeper_main(const char *slice);
