/* SPDX-License-Identifier: GPL-2.0-only */
/* All machines that mmfuzz runs on. */
#include <linux/byteorder/little_endian.h>
