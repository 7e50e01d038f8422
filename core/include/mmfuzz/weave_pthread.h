/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An unchanged pthread program on weave: give this to the compiler with -include, and the program's
 * threads become fibres, its locks and waits those of core/sim/weave/pthread. See docs/library.md.
 *
 * Only renames, and includes nothing: what the program's own headers then declare are our functions,
 * with the prototypes of the system, whichever feature macros the program sets.
 */
#ifndef MMFUZZ_WEAVE_PTHREAD_H
#define MMFUZZ_WEAVE_PTHREAD_H

/* Only its symbol where that can be done: a main() that ends without a return returns 0, and no other function does. */
#ifdef __clang__
#pragma redefine_extname main weave_program_main
#else
#define main weave_program_main
#endif

/* Threads. */
#define pthread_create weave_pthread_create
#define pthread_join weave_pthread_join
#define pthread_tryjoin_np weave_pthread_tryjoin_np
#define pthread_detach weave_pthread_detach
#define pthread_self weave_pthread_self
#define pthread_exit weave_pthread_exit
#define pthread_once weave_pthread_once
#define pthread_key_create weave_pthread_key_create
#define pthread_key_delete weave_pthread_key_delete
#define pthread_getspecific weave_pthread_getspecific
#define pthread_setspecific weave_pthread_setspecific
#define pthread_setname_np weave_pthread_setname_np
#define pthread_getname_np weave_pthread_getname_np
#define pthread_setaffinity_np weave_pthread_setaffinity_np
#define pthread_setcancelstate weave_pthread_setcancelstate
#define pthread_setcanceltype weave_pthread_setcanceltype
#define pthread_testcancel weave_pthread_testcancel
#define pthread_cancel weave_pthread_cancel
#define pthread_kill weave_pthread_kill

/* Locks. */
#define pthread_mutex_init weave_pthread_mutex_init
#define pthread_mutex_destroy weave_pthread_mutex_destroy
#define pthread_mutex_lock weave_pthread_mutex_lock
#define pthread_mutex_trylock weave_pthread_mutex_trylock
#define pthread_mutex_timedlock weave_pthread_mutex_timedlock
#define pthread_mutex_unlock weave_pthread_mutex_unlock
#define pthread_rwlock_init weave_pthread_rwlock_init
#define pthread_rwlock_destroy weave_pthread_rwlock_destroy
#define pthread_rwlock_rdlock weave_pthread_rwlock_rdlock
#define pthread_rwlock_tryrdlock weave_pthread_rwlock_tryrdlock
#define pthread_rwlock_wrlock weave_pthread_rwlock_wrlock
#define pthread_rwlock_trywrlock weave_pthread_rwlock_trywrlock
#define pthread_rwlock_unlock weave_pthread_rwlock_unlock
#define pthread_spin_init weave_pthread_spin_init
#define pthread_spin_destroy weave_pthread_spin_destroy
#define pthread_spin_lock weave_pthread_spin_lock
#define pthread_spin_trylock weave_pthread_spin_trylock
#define pthread_spin_unlock weave_pthread_spin_unlock

/* Waits. */
#define pthread_cond_init weave_pthread_cond_init
#define pthread_cond_destroy weave_pthread_cond_destroy
#define pthread_cond_wait weave_pthread_cond_wait
#define pthread_cond_timedwait weave_pthread_cond_timedwait
#define pthread_cond_signal weave_pthread_cond_signal
#define pthread_cond_broadcast weave_pthread_cond_broadcast
#define pthread_barrier_init weave_pthread_barrier_init
#define pthread_barrier_destroy weave_pthread_barrier_destroy
#define pthread_barrier_wait weave_pthread_barrier_wait
#define sem_init weave_sem_init
#define sem_destroy weave_sem_destroy
#define sem_wait weave_sem_wait
#define sem_trywait weave_sem_trywait
#define sem_timedwait weave_sem_timedwait
#define sem_post weave_sem_post
#define sem_getvalue weave_sem_getvalue

/* Time: a clock of the run's own, which moves when somebody sleeps or asks. */
#define sched_yield weave_sched_yield
#define sleep weave_sleep
#define usleep weave_usleep
#define nanosleep weave_nanosleep
#define clock_nanosleep weave_clock_nanosleep
#define clock_gettime weave_clock_gettime
#define gettimeofday weave_gettimeofday
#define time weave_time

/* Memory: what is freed counts as written, what is new has no past. */
#define malloc weave_malloc
#define calloc weave_calloc
#define realloc weave_realloc
#define free weave_free_memory

/* Ends. */
#define exit weave_exit
#define _exit weave__exit
#define _Exit weave__Exit
#define abort weave_abort
#define __assert_fail weave_assert_fail

#endif /* MMFUZZ_WEAVE_PTHREAD_H */
