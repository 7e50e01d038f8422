/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Without tracing, in builds with lockdep: following whether interrupts are on turns it on as well, and there is no user's prompt
 * that would turn it off. Nobody reads its buffers. Stands behind the configuration, before all else.
 */
#ifndef ASM_MMFUZZ_UNTRACED_H
#define ASM_MMFUZZ_UNTRACED_H

#undef CONFIG_CONTEXT_SWITCH_TRACER
#undef CONFIG_EVENT_TRACING
#undef CONFIG_NOP_TRACER
#undef CONFIG_PREEMPTIRQ_TRACEPOINTS
#undef CONFIG_RING_BUFFER
#undef CONFIG_TASKS_RCU
#undef CONFIG_TASKS_RCU_GENERIC
#undef CONFIG_TRACEPOINTS
#undef CONFIG_TRACE_CLOCK
#undef CONFIG_TRACING

#endif /* ASM_MMFUZZ_UNTRACED_H */
