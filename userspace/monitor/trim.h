/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trim - owns giving back memory that a process which waits does not need. */
#pragma once

/* Unmaps the pages of the program's code and constants. Those that are wanted again come back from the page cache. */
void trim_program(void);
