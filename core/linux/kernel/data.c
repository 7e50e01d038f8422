// SPDX-License-Identifier: GPL-2.0-only
/* Borders of sections that this program has none of: nothing is within them. No header of the kernel's: see nothing.c. */
#define BORDER(name) char name[1]

BORDER(__bss_start);
BORDER(__bss_stop);
BORDER(__init_begin);
BORDER(__init_end);
BORDER(__start_rodata);
BORDER(__end_rodata);
BORDER(_sdata);
BORDER(_edata);
BORDER(_stext);
BORDER(_etext);
BORDER(_sinittext);
BORDER(_einittext);

/* What %pU and sysfs look at. */
const unsigned char guid_index[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
const unsigned char uuid_index[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
void *kernel_kobj;
