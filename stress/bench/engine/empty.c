// SPDX-License-Identifier: GPL-2.0-only
/* For scripts/bench.sh: a target that does nothing, the rate of the engine itself. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
