// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does nothing: what the kernel calls that has no meaning on a machine without user space, devices, time and power. No
 * header of the kernel's: a prototype that changes from one version to the next changes nothing here. Those that a
 * caller looks at return 0.
 */
#define NOTHING(name)	    long name(void) { return 0; }

NOTHING(add_taint)
NOTHING(dump_mapping)
NOTHING(dump_stack)
NOTHING(execute_with_initialized_rng)
NOTHING(init_timer_key)
NOTHING(timer_init_key)
NOTHING(khugepaged_min_free_kbytes_update)
NOTHING(mem_init)
NOTHING(mm_cache_init)
NOTHING(pgtable_cache_init)
NOTHING(vmalloc_init)
NOTHING(mlock_drain_local)
NOTHING(mlock_drain_remote)
NOTHING(need_mlock_drain)
NOTHING(__register_one_node)
NOTHING(unregister_one_node)
NOTHING(register_node)
NOTHING(register_node_notifier)
NOTHING(unregister_node)
NOTHING(register_memory_blocks_under_node_hotplug)
NOTHING(is_vmalloc_addr)
NOTHING(__printk_deferred_enter)
NOTHING(__printk_deferred_exit)
NOTHING(get_cpu_cacheinfo)
NOTHING(__cpuhp_setup_state)
NOTHING(__cpuhp_setup_state_cpuslocked)
NOTHING(inode_add_lru)
NOTHING(inode_lru_list_add)
NOTHING(wakeup_flusher_threads)
NOTHING(out_of_memory)
NOTHING(current_is_khugepaged)
NOTHING(mod_timer)
NOTHING(msleep)
NOTHING(__put_task_struct_rcu_cb)
NOTHING(_dev_err)
NOTHING(_dev_info)
NOTHING(_dev_warn)
NOTHING(device_set_wakeup_capable)

/* There are no tiers of memory: NUMA_NO_NODE is below each. */
int next_demotion_node(void)
{
	return -1;
}
