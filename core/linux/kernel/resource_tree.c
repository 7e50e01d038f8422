// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's resources, those of RAM in a table of the boot (hotplug.c): each block of memory that comes has one, and in
 * objects of the machine's own memory it would keep another block from going.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/proc_fs.h>
#include <linux/pseudo_fs.h>
#include <linux/resource_ext.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/io.h>

#include "world.h"

/* By either name, which depends on the tree. */
#undef kzalloc
#define kzalloc(bytes, gfp) mmfuzz_new_resource(bytes)
#undef kzalloc_obj
#define kzalloc_obj(type, ...) ((typeof(type) *)mmfuzz_new_resource(sizeof(type)))
#define kfree(ptr) mmfuzz_kfree(ptr)
/* It frees nothing that is not from an allocator. */
#define PageSlab(page) 1

#include "kernel/resource.c"
