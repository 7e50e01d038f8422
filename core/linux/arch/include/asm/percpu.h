/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The area of CPU n is a copy of the template, so many bytes behind it.
 */
#ifndef ASM_MMFUZZ_PERCPU_H
#define ASM_MMFUZZ_PERCPU_H

#include <asm/host.h>

#ifndef __ASSEMBLY__
#define __my_cpu_offset __per_cpu_offset[mmfuzz_cpu()]

#ifndef MMFUZZ_WEAVE
/* A thread is one CPU for good, and nothing interrupts it: what the generic ones do with interrupts off is whole as it is. */
#define this_cpu_add_1(pcp, val)	raw_cpu_generic_to_op(pcp, val, +=)
#define this_cpu_add_2(pcp, val)	raw_cpu_generic_to_op(pcp, val, +=)
#define this_cpu_add_4(pcp, val)	raw_cpu_generic_to_op(pcp, val, +=)
#define this_cpu_add_8(pcp, val)	raw_cpu_generic_to_op(pcp, val, +=)
#endif
#endif

#include <asm-generic/percpu.h>

#if !defined(__ASSEMBLY__) && defined(MMFUZZ_WEAVE) && defined(HAVE_NOLOCK)
/*
 * One instruction where there are NMIs: none comes in between, though one does where interrupts are off (irqflags.h).
 */
#define mmfuzz_whole(expression)                     \
	({                                           \
		__auto_type whole_ = (mmfuzz_irq_off(), (expression)); \
		mmfuzz_irq_on();                     \
		whole_;                              \
	})
#undef this_cpu_generic_to_op
#define this_cpu_generic_to_op(pcp, val, op) \
	((void)mmfuzz_whole(({ raw_cpu_generic_to_op(pcp, val, op); 0; })))
#undef this_cpu_generic_add_return
#define this_cpu_generic_add_return(pcp, val) mmfuzz_whole(raw_cpu_generic_add_return(pcp, val))
#undef this_cpu_generic_xchg
#define this_cpu_generic_xchg(pcp, nval) mmfuzz_whole(raw_cpu_generic_xchg(pcp, nval))
#undef this_cpu_generic_try_cmpxchg
#define this_cpu_generic_try_cmpxchg(pcp, ovalp, nval) mmfuzz_whole(raw_cpu_generic_try_cmpxchg(pcp, ovalp, nval))
#undef this_cpu_generic_cmpxchg
#define this_cpu_generic_cmpxchg(pcp, oval, nval) mmfuzz_whole(raw_cpu_generic_cmpxchg(pcp, oval, nval))
#endif

#endif /* ASM_MMFUZZ_PERCPU_H */
