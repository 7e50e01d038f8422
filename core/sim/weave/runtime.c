// SPDX-License-Identifier: GPL-2.0-only
/*
 * What -fsanitize=thread calls: every entry that clang 14 to 19 and gcc 12 emit, in place of the
 * sanitizer's own runtime. Each access becomes a point, is tested against ASan's shadow, and is handed to the
 * race detector and to weak memory; then it is made. Must decide nothing and keep nothing.
 *
 * One fibre runs at a time and none is interrupted but in here, so that a plain access of the whole value is
 * as atomic as can be. Accesses to the running fibre's own stack, and all outside of a run, pass by one test.
 */
#include <string.h>

#include "internal.h"
#include "memory.h"
#include "race.h"
#include "trace.h"

#define CALLER __builtin_return_address(0)
#define ENTRY  __attribute__((used, visibility("default")))

typedef unsigned __int128 u128;

/* ---- ASan's shadow ---- */

#if SIM_ASAN
void __asan_get_shadow_mapping(size_t *shadow_scale, size_t *shadow_offset);
void __asan_report_error(void *pc, void *bp, void *sp, void *addr, int is_write,
			 size_t access_size);

static uintptr_t shadow_offset;

static void __attribute__((constructor)) find_shadow(void)
{
	size_t scale, offset;

	__asan_get_shadow_mapping(&scale, &offset);
	shadow_offset = offset;
}

/* Part of the granule may be touched: the first @shadow bytes; none if it is negative. */
static void __cold poisoned(s8 shadow, const void *addr, unsigned int size, bool write,
			    const void *pc)
{
	void *frame = __builtin_frame_address(0);

	if (shadow > 0 && (s8)(((uintptr_t)addr & 7) + size) <= shadow)
		return;
	__asan_report_error((void *)pc, frame, frame, (void *)addr, write, size);
}

static __always_inline void check_shadow(const void *addr, unsigned int size, bool write,
					 const void *pc)
{
	const s8 *shadow = (const s8 *)(((uintptr_t)addr >> 3) + shadow_offset);

	if (unlikely(*shadow))
		poisoned(*shadow, addr, size < 8 ? size : 8, write, pc);
	/* The last byte lies in the next granule, or, of 16 that are not aligned, in the one after. */
	if (size > 8 || ((uintptr_t)addr & 7) + size > 8) {
		const char *last = (const char *)addr + size - 1;

		if (size == 16 && (uintptr_t)addr & 7) {
			shadow++;
			if (unlikely(*shadow))
				poisoned(*shadow, (const void *)(((uintptr_t)addr & ~7ul) + 8), 8, write, pc);
		}
		shadow = (const s8 *)(((uintptr_t)last >> 3) + shadow_offset);
		if (unlikely(*shadow))
			poisoned(*shadow, last, 1, write, pc);
	}
}
#else
static __always_inline void check_shadow(const void *addr __maybe_unused,
					 unsigned int size __maybe_unused,
					 bool write __maybe_unused, const void *pc __maybe_unused)
{
}
#endif

/* ---- the log ---- */

/* Before the access is made, and before it is judged: a finding that it is shows as the last event. */
static void __cold log_access(enum weave_kind kind, const void *addr, size_t size, const void *pc)
{
	const struct weave_fibre *f = &weave_now->fibres[weave_now->current];

	trace_access(&(struct weave_event){ .kind = (u8)kind,
					    .fibre = (u8)weave_hot.cpu,
					    .size = (u8)min_t(size_t, size, 255),
					    .op = f->op,
					    .nth = weave_hot.nth,
					    .addr = (uintptr_t)addr,
					    .pc = (uintptr_t)pc });
}

/* What has no address, or a meaning of its own for @value. */
static void __cold log_event(unsigned int kind, const void *addr, u64 value, const void *pc)
{
	const struct weave_fibre *f = &weave_now->fibres[weave_now->current];

	trace_event(&(struct weave_event){ .kind = (u8)kind,
					   .fibre = (u8)weave_hot.cpu,
					   .op = f->op,
					   .nth = weave_hot.nth,
					   .addr = (uintptr_t)addr,
					   .pc = (uintptr_t)pc,
					   .value = value });
}

static __always_inline bool tracing(void)
{
	return unlikely(weave_hot.flags & WEAVE_HOT_TRACE);
}

/* Under weak memory memory.c logs for itself what became of it. */
static void __cold log_marked(enum weave_kind kind, const void *addr, unsigned int size, const void *pc)
{
	if (!(weave_hot.flags & WEAVE_HOT_WEAK))
		log_access(kind, addr, size, pc);
}

/* ---- plain accesses ---- */

/* As KCSAN sees it. */
static bool counts_as_marked(const void *addr, unsigned int size)
{
	return weave_hot.flags & WEAVE_HOT_KCSAN && size <= 8 && IS_ALIGNED((uintptr_t)addr, size);
}

/* A plain access that its author has declared harmless. */
static void __cold race_marked(const void *addr, unsigned int size, bool write, const void *pc)
{
	if (write)
		race_atomic_store(addr, size, __ATOMIC_RELAXED, pc);
	else
		race_atomic_load(addr, size, __ATOMIC_RELAXED, pc);
}

static __always_inline void plain(const void *addr, unsigned int size, bool write, const void *pc)
{
	enum weave_kind kind = write ? WEAVE_PLAIN_STORE : WEAVE_PLAIN_LOAD;
	u32 flags = weave_hot.flags;

	if (weave_is_private(addr))
		return;
	if (unlikely(!--weave_hot.plain))
		sched_plain();
	if (flags & WEAVE_HOT_PLAIN)
		weave_at(kind, addr, size, write, pc);
	if (unlikely(flags & WEAVE_HOT_TRACE))
		log_access(kind, addr, size, pc);
	check_shadow(addr, size, write, pc);
	if (flags & WEAVE_HOT_RACES) {
		if (unlikely(flags & WEAVE_HOT_MARKED && size <= 8))
			race_marked(addr, size, write, pc);
		else if (write)
			race_store(addr, size, pc);
		else
			race_load(addr, size, pc);
	}
	if (unlikely(flags & WEAVE_HOT_WEAK))
		memory_plain(addr, size, write, write && counts_as_marked(addr, size));
}

#define PLAIN(name, size, write)                  \
	ENTRY void __tsan_##name(void *addr);     \
	ENTRY void __tsan_##name(void *addr)      \
	{                                         \
		plain(addr, size, write, CALLER); \
	}

/*
 * Both in one: x++ without a mark. Whatever conflicts with the read conflicts with the write, but where aligned writes
 * count as marked: then the read alone may be a race.
 */
#define PLAIN_BOTH(name, size)                            \
	ENTRY void __tsan_##name(void *addr);             \
	ENTRY void __tsan_##name(void *addr)              \
	{                                                 \
		if (weave_hot.flags & WEAVE_HOT_KCSAN)    \
			plain(addr, size, false, CALLER); \
		plain(addr, size, true, CALLER);          \
	}

PLAIN(read1, 1, false)
PLAIN(read2, 2, false)
PLAIN(read4, 4, false)
PLAIN(read8, 8, false)
PLAIN(read16, 16, false)
PLAIN(write1, 1, true)
PLAIN(write2, 2, true)
PLAIN(write4, 4, true)
PLAIN(write8, 8, true)
PLAIN(write16, 16, true)
PLAIN(unaligned_read2, 2, false)
PLAIN(unaligned_read4, 4, false)
PLAIN(unaligned_read8, 8, false)
PLAIN(unaligned_read16, 16, false)
PLAIN(unaligned_write2, 2, true)
PLAIN(unaligned_write4, 4, true)
PLAIN(unaligned_write8, 8, true)
PLAIN(unaligned_write16, 16, true)
PLAIN_BOTH(read_write1, 1)
PLAIN_BOTH(read_write2, 2)
PLAIN_BOTH(read_write4, 4)
PLAIN_BOTH(read_write8, 8)
PLAIN_BOTH(read_write16, 16)
PLAIN_BOTH(unaligned_read_write2, 2)
PLAIN_BOTH(unaligned_read_write4, 4)
PLAIN_BOTH(unaligned_read_write8, 8)
PLAIN_BOTH(unaligned_read_write16, 16)

static void range(const void *addr, size_t len, bool write, const void *pc)
{
	u32 flags = weave_hot.flags;

	if (!len || weave_is_private(addr))
		return;
	if (flags & WEAVE_HOT_PLAIN)
		weave_at(write ? WEAVE_PLAIN_STORE : WEAVE_PLAIN_LOAD, addr,
			 len < 255 ? (unsigned int)len : 255, write, pc);
	if (tracing())
		log_access(write ? WEAVE_PLAIN_STORE : WEAVE_PLAIN_LOAD, addr, len, pc);
	if (flags & WEAVE_HOT_RACES)
		race_range(addr, len, write, pc);
	if (flags & WEAVE_HOT_WEAK)
		memory_plain(addr, len, write, false);
}

ENTRY void __tsan_read_range(void *addr, size_t len);
ENTRY void __tsan_read_range(void *addr, size_t len)
{
	range(addr, len, false, CALLER);
}

ENTRY void __tsan_write_range(void *addr, size_t len);
ENTRY void __tsan_write_range(void *addr, size_t len)
{
	range(addr, len, true, CALLER);
}

/* The library's memcpy() and friends, which ASan intercepts: it checks the shadow. */
ENTRY void *__tsan_memcpy(void *dst, const void *src, size_t len);
ENTRY void *__tsan_memcpy(void *dst, const void *src, size_t len)
{
	range(src, len, false, CALLER);
	range(dst, len, true, CALLER);
	return memcpy(dst, src, len);
}

ENTRY void *__tsan_memmove(void *dst, const void *src, size_t len);
ENTRY void *__tsan_memmove(void *dst, const void *src, size_t len)
{
	range(src, len, false, CALLER);
	range(dst, len, true, CALLER);
	return memmove(dst, src, len);
}

ENTRY void *__tsan_memset(void *dst, int byte, size_t len);
ENTRY void *__tsan_memset(void *dst, int byte, size_t len)
{
	range(dst, len, true, CALLER);
	return memset(dst, byte, len);
}

/* Not one of TSan's: see woven.h. */
ENTRY int __tsan_memcmp(const void *a, const void *b, size_t len);
ENTRY int __tsan_memcmp(const void *a, const void *b, size_t len)
{
	range(a, len, false, CALLER);
	range(b, len, false, CALLER);
	return memcmp(a, b, len);
}

/* ---- marked accesses ---- */

/*
 * A read-modify-write, told apart by a number, so that weak memory can be handed it as a function of the old value.
 */
enum rmw {
	RMW_EXCHANGE,
	RMW_ADD,
	RMW_SUB,
	RMW_AND,
	RMW_OR,
	RMW_XOR,
	RMW_NAND,
	RMW_COMPARE
};

struct rmw_arg {
	enum rmw op;
	weave_value operand;
	weave_value expected;
	bool stored;
};

/* Too many bits are cut off by whoever stores. */
static __always_inline weave_value rmw_value(enum rmw op, weave_value old, weave_value operand)
{
	switch (op) {
	case RMW_EXCHANGE:
	case RMW_COMPARE:
		return operand;
	case RMW_ADD:
		return old + operand;
	case RMW_SUB:
		return old - operand;
	case RMW_AND:
		return old & operand;
	case RMW_OR:
		return old | operand;
	case RMW_XOR:
		return old ^ operand;
	case RMW_NAND:
		return ~(old & operand);
	}
	__builtin_unreachable();
}

static bool rmw_update(weave_value old, weave_value *new, void *arg)
{
	struct rmw_arg *rmw = arg;

	rmw->stored = rmw->op != RMW_COMPARE || old == rmw->expected;
	*new = rmw_value(rmw->op, old, rmw->operand);
	return rmw->stored;
}

#define ATOMIC(bits, T)                                                                          \
	ENTRY T __tsan_atomic##bits##_load(const volatile T *a, int mo);                         \
	ENTRY T __tsan_atomic##bits##_load(const volatile T *a, int mo)                          \
	{                                                                                        \
		const void *addr = (const void *)a;                                              \
                                                                                                 \
		if (weave_is_private(addr))                                                      \
			return *a;                                                               \
		weave_at(WEAVE_LOAD, addr, sizeof(T), false, CALLER);                            \
		if (tracing())                                                                   \
			log_marked(WEAVE_LOAD, addr, sizeof(T), CALLER);                         \
		check_shadow(addr, sizeof(T), false, CALLER);                                    \
		if (unlikely(weave_hot.flags & WEAVE_HOT_WEAK))                                  \
			return (T)memory_load(addr, sizeof(T), mo, CALLER);                      \
		if (weave_hot.flags & WEAVE_HOT_RACES)                                           \
			race_atomic_load(addr, sizeof(T), mo, CALLER);                           \
		return *a;                                                                       \
	}                                                                                        \
	ENTRY void __tsan_atomic##bits##_store(volatile T *a, T v, int mo);                      \
	ENTRY void __tsan_atomic##bits##_store(volatile T *a, T v, int mo)                       \
	{                                                                                        \
		void *addr = (void *)a;                                                          \
                                                                                                 \
		if (weave_is_private(addr)) {                                                    \
			*a = v;                                                                  \
			return;                                                                  \
		}                                                                                \
		weave_at(WEAVE_STORE, addr, sizeof(T), true, CALLER);                            \
		if (tracing())                                                                   \
			log_marked(WEAVE_STORE, addr, sizeof(T), CALLER);                        \
		check_shadow(addr, sizeof(T), true, CALLER);                                     \
		if (unlikely(weave_hot.flags & WEAVE_HOT_WEAK)) {                                \
			memory_store(addr, sizeof(T), v, mo, CALLER);                            \
			return;                                                                  \
		}                                                                                \
		if (weave_hot.flags & WEAVE_HOT_RACES)                                           \
			race_atomic_store(addr, sizeof(T), mo, CALLER);                          \
		sched_wrote();                                                                   \
		*a = v;                                                                          \
	}                                                                                        \
	static __always_inline T rmw_##bits(volatile T *a, enum rmw op, T operand, T expected,   \
					    int mo, int fail, bool *stored, const void *pc)      \
	{                                                                                        \
		void *addr = (void *)a;                                                          \
		bool store;                                                                      \
		T old;                                                                           \
                                                                                                 \
		if (!weave_is_private(addr)) {                                                   \
			weave_at(WEAVE_RMW, addr, sizeof(T), true, pc);                          \
			if (tracing())                                                           \
				log_marked(WEAVE_RMW, addr, sizeof(T), pc);                      \
			check_shadow(addr, sizeof(T), true, pc);                                 \
			if (unlikely(weave_hot.flags & WEAVE_HOT_WEAK)) {                        \
				struct rmw_arg arg = { op, operand, expected, false };           \
                                                                                                 \
				old = (T)memory_rmw(addr, sizeof(T), rmw_update, &arg, mo, fail, \
						    pc);                                         \
				*stored = arg.stored;                                            \
				return old;                                                      \
			}                                                                        \
		}                                                                                \
		old = *a;                                                                        \
		store = op != RMW_COMPARE || old == expected;                                    \
		*stored = store;                                                                 \
		if (weave_is_private(addr)) {                                                    \
			if (store)                                                               \
				*a = (T)rmw_value(op, old, operand);                             \
			return old;                                                              \
		}                                                                                \
		if (weave_hot.flags & WEAVE_HOT_RACES) {                                         \
			if (store)                                                               \
				race_atomic_rmw(addr, sizeof(T), mo, pc);                        \
			else                                                                     \
				race_atomic_load(addr, sizeof(T), fail, pc);                     \
		}                                                                                \
		if (store) {                                                                     \
			sched_wrote();                                                           \
			*a = (T)rmw_value(op, old, operand);                                     \
		}                                                                                \
		if (unlikely(tracing() && !store))                                               \
			trace_failed();                                                          \
		return old;                                                                      \
	}                                                                                        \
	ATOMIC_RMW(bits, T, exchange, RMW_EXCHANGE)                                              \
	ATOMIC_RMW(bits, T, fetch_add, RMW_ADD)                                                  \
	ATOMIC_RMW(bits, T, fetch_sub, RMW_SUB)                                                  \
	ATOMIC_RMW(bits, T, fetch_and, RMW_AND)                                                  \
	ATOMIC_RMW(bits, T, fetch_or, RMW_OR)                                                    \
	ATOMIC_RMW(bits, T, fetch_xor, RMW_XOR)                                                  \
	ATOMIC_RMW(bits, T, fetch_nand, RMW_NAND)                                                \
	ATOMIC_COMPARE(bits, T, strong)                                                          \
	ATOMIC_COMPARE(bits, T, weak)                                                            \
	ENTRY T __tsan_atomic##bits##_compare_exchange_val(volatile T *a, T c, T v, int mo,      \
							   int fail);                            \
	ENTRY T __tsan_atomic##bits##_compare_exchange_val(volatile T *a, T c, T v, int mo,      \
							   int fail)                             \
	{                                                                                        \
		bool stored;                                                                     \
                                                                                                 \
		return rmw_##bits(a, RMW_COMPARE, v, c, mo, fail, &stored, CALLER);              \
	}

#define ATOMIC_RMW(bits, T, name, op)                                     \
	ENTRY T __tsan_atomic##bits##_##name(volatile T *a, T v, int mo); \
	ENTRY T __tsan_atomic##bits##_##name(volatile T *a, T v, int mo)  \
	{                                                                 \
		bool stored;                                              \
                                                                          \
		return rmw_##bits(a, op, v, 0, mo, mo, &stored, CALLER);  \
	}

/* A weak one does not fail without cause: its loop would only be longer. */
#define ATOMIC_COMPARE(bits, T, strength)                                                     \
	ENTRY int __tsan_atomic##bits##_compare_exchange_##strength(volatile T *a, T *c, T v, \
								    int mo, int fail);        \
	ENTRY int __tsan_atomic##bits##_compare_exchange_##strength(volatile T *a, T *c, T v, \
								    int mo, int fail)         \
	{                                                                                     \
		bool stored;                                                                  \
		T old = rmw_##bits(a, RMW_COMPARE, v, *c, mo, fail, &stored, CALLER);         \
                                                                                              \
		if (!stored)                                                                  \
			*c = old;                                                             \
		return stored;                                                                \
	}

ATOMIC(8, u8)
ATOMIC(16, u16)
ATOMIC(32, u32)
ATOMIC(64, u64)
ATOMIC(128, u128)

ENTRY void __tsan_atomic_thread_fence(int mo);
ENTRY void __tsan_atomic_thread_fence(int mo)
{
	if (!weave_running())
		return;
	/* Only a full barrier concerns others. */
	weave_at(WEAVE_FENCE, NULL, 0, mo == __ATOMIC_SEQ_CST, CALLER);
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_fence(mo);
	else if (weave_hot.flags & WEAVE_HOT_RACES)
		race_fence(mo);
	if (tracing())
		log_event(WEAVE_FENCE, NULL, (u64)mo, CALLER);
}

ENTRY void __tsan_atomic_signal_fence(int mo);
ENTRY void __tsan_atomic_signal_fence(int mo __maybe_unused)
{
}

/*
 * Volatile accesses are Linux's old READ_ONCE(): marked, without an order. Compilers tell them apart on request only.
 */
#define VOLATILE(size)                                                \
	ENTRY void __tsan_volatile_read##size(void *addr);            \
	ENTRY void __tsan_volatile_read##size(void *addr)             \
	{                                                             \
		volatile_access(addr, size, false, CALLER);           \
	}                                                             \
	ENTRY void __tsan_volatile_write##size(void *addr);           \
	ENTRY void __tsan_volatile_write##size(void *addr)            \
	{                                                             \
		volatile_access(addr, size, true, CALLER);            \
	}                                                             \
	ENTRY void __tsan_unaligned_volatile_read##size(void *addr);  \
	ENTRY void __tsan_unaligned_volatile_read##size(void *addr)   \
	{                                                             \
		volatile_access(addr, size, false, CALLER);           \
	}                                                             \
	ENTRY void __tsan_unaligned_volatile_write##size(void *addr); \
	ENTRY void __tsan_unaligned_volatile_write##size(void *addr)  \
	{                                                             \
		volatile_access(addr, size, true, CALLER);            \
	}

/* The access itself is the compiler's, behind this call: weak memory cannot hold it back. */
static void volatile_access(const void *addr, unsigned int size, bool write, const void *pc)
{
	enum weave_kind kind = write ? WEAVE_STORE : WEAVE_LOAD;

	if (weave_is_private(addr))
		return;
	weave_at(kind, addr, size, write, pc);
	if (tracing())
		log_access(kind, addr, size, pc);
	check_shadow(addr, size, write, pc);
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_plain(addr, size, write, true);
	if (weave_hot.flags & WEAVE_HOT_RACES) {
		if (write)
			race_atomic_store(addr, size, __ATOMIC_RELAXED, pc);
		else
			race_atomic_load(addr, size, __ATOMIC_RELAXED, pc);
	}
	if (write)
		sched_wrote();
}

VOLATILE(1)
VOLATILE(2)
VOLATILE(4)
VOLATILE(8)
VOLATILE(16)

/* ---- functions, and what needs nothing ---- */

ENTRY void __tsan_func_entry(void *pc);
ENTRY void __tsan_func_entry(void *pc)
{
	u32 flags = weave_hot.flags;

	if (flags & WEAVE_HOT_RACES)
		race_enter(pc);
	if (unlikely(flags & WEAVE_HOT_TRACE))
		log_event(WEAVE_EVENT_ENTER, NULL, (uintptr_t)CALLER, pc);
}

ENTRY void __tsan_func_exit(void);
ENTRY void __tsan_func_exit(void)
{
	u32 flags = weave_hot.flags;

	if (flags & WEAVE_HOT_RACES)
		race_exit();
	if (unlikely(flags & WEAVE_HOT_TRACE))
		log_event(WEAVE_EVENT_EXIT, NULL, 0, NULL);
}

ENTRY void __tsan_init(void);
ENTRY void __tsan_init(void)
{
}

ENTRY void __tsan_ignore_thread_begin(void);
ENTRY void __tsan_ignore_thread_begin(void)
{
}

ENTRY void __tsan_ignore_thread_end(void);
ENTRY void __tsan_ignore_thread_end(void)
{
}

/* C++ only. */
ENTRY void __tsan_vptr_update(void **vptr, void *value);
ENTRY void __tsan_vptr_update(void **vptr, void *value __maybe_unused)
{
	plain(vptr, sizeof(*vptr), true, CALLER);
}

ENTRY void __tsan_vptr_read(void **vptr);
ENTRY void __tsan_vptr_read(void **vptr)
{
	plain(vptr, sizeof(*vptr), false, CALLER);
}

/* ---- said by hand: weave.h ---- */

void weave_acquire(const void *key)
{
	if (!weave_running())
		return;
	weave_at(WEAVE_RMW, key, 1, true, CALLER);
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_acquire(key);
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_acquire(key);
}

void weave_release(const void *key)
{
	if (!weave_running())
		return;
	weave_at(WEAVE_RMW, key, 1, true, CALLER);
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_release(key);
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_release(key);
	sched_wrote();
}

u64 weave_peek(const void *ptr, unsigned int size)
{
	if (weave_hot.flags & WEAVE_HOT_WEAK && weave_running())
		return memory_peek(ptr, size);
	switch (size) {
	case 1:
		return *(const u8 *)ptr;
	case 2:
		return *(const u16 *)ptr;
	case 4:
		return *(const u32 *)ptr;
	default:
		return *(const u64 *)ptr;
	}
}

void weave_freed(const void *ptr, size_t len)
{
	u32 flags = weave_hot.flags;

	if (!weave_running() || weave_is_private(ptr))
		return;
	if (tracing())
		log_event(WEAVE_EVENT_FREED, ptr, len, CALLER);
	if (flags & WEAVE_HOT_WEAK)
		memory_plain(ptr, len, true, false);
	if (flags & WEAVE_HOT_RACES)
		race_freed(ptr, len, CALLER);
}
