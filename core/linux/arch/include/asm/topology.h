/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two nodes and more; each CPU is on node 0, unless an operation says where it wants its memory from.
 */
#ifndef ASM_MMFUZZ_TOPOLOGY_H
#define ASM_MMFUZZ_TOPOLOGY_H

#ifndef __ASSEMBLY__
extern const struct cpumask *mmfuzz_cpumask_of_node(int node);
#define cpumask_of_node(node) mmfuzz_cpumask_of_node(node)
#define cpu_to_node(cpu) ((void)(cpu), 0)
#define set_numa_node(node) do { } while (0)
#define set_cpu_numa_node(cpu, node) do { } while (0)
#define numa_node_id() 0
#define numa_mem_id() 0
#define pcibus_to_node(bus) (-1)
#endif

#include <asm-generic/topology.h>

#endif /* ASM_MMFUZZ_TOPOLOGY_H */
